#pragma once
#include "escape.hpp"
#include "syntax.hpp"

#include <nlohmann/json.hpp>

namespace opsroom::plugins::templates {

/// A value on its way through filters.
struct Filtered {
  json value;
  bool written = false;  ///< a filter has escaped it already: it goes into the text as it is
};

/// Sends the value through one filter. Throws TemplateError.
void apply(const Filter& filter, Filtered& through);

}  // namespace opsroom::plugins::templates

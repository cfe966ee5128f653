#pragma once
#include "escape.hpp"
#include "syntax.hpp"

#include <nlohmann/json.hpp>

#include <functional>

namespace opsroom::plugins::templates {

struct RenderOptions {
  Escape escape = Escape::plain_text;
  bool strict = true;  ///< a name that the data lacks is an error; else it is null
  std::size_t most_bytes = std::size_t{1} << 20;
  std::function<void()> breathe;  ///< called often; may throw to stop the work
};

/// The template filled with the data. Throws TemplateError with the place of what is wrong, also
/// when the text or the work for it grows beyond its limit.
std::string render(std::string_view text, const json& data, const RenderOptions& options);

}  // namespace opsroom::plugins::templates

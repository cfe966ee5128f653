#pragma once

#include "base/json.hpp"
#include "model/input.hpp"

#include <string_view>

namespace opsroom {

/// Whether a form's field seems to ask for a secret, by its name, its title or what its schema
/// says. A guess: rather one too many, since whoever gave the answer knows it anyway.
bool asks_for_a_secret(std::string_view name, const Json& schema);

/// The content of an answer as people may see it again: "[redacted]" in place of secrets.
Json shown_content(const InputAsk& ask, const Json& content);

}  // namespace opsroom

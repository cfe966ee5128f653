#pragma once

#include <string_view>

namespace opsroom::tools {

/// Whether a setting seems to hold a secret itself, not a `${...}` that stands for one. A guess,
/// for advice only.
bool looks_like_a_secret(std::string_view name, std::string_view value);

}  // namespace opsroom::tools

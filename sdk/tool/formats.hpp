#pragma once
#include <string_view>

namespace opsroom::tool::detail {

using FormatCheck = bool (*)(std::string_view);

/// The check for "date-time", "date", "time", "uri", "email" or "uuid"; null for any other format.
FormatCheck format_check(std::string_view name);

}  // namespace opsroom::tool::detail

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace opsroom::tools {

/// Decodes standard base64 (with or without padding); none when `text` is something else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace opsroom::tools

#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace opsroom::schema {

/// RFC 3986 section 5.2: the absolute form of `reference` seen from `base` (which may be empty).
std::string resolve_uri(std::string_view base, std::string_view reference);

/// What stands before and after the first '#'; the fragment is percent-decoded.
std::pair<std::string, std::string> split_fragment(std::string_view uri);

/// One reference token of a JSON Pointer: '~' and '/' escaped.
std::string escape_token(std::string_view token);
std::string unescape_token(std::string_view token);

}  // namespace opsroom::schema

#pragma once
#include <string>
#include <string_view>

namespace opsroom {

/// The text with every byte that is not valid UTF-8, and every NUL, replaced by U+FFFD: what a
/// program printed may be anything, what travels as JSON and lands in a database may not.
std::string printable_utf8(std::string_view bytes);

/// Length of the longest prefix that does not cut a multi-byte character in two.
std::size_t whole_characters(std::string_view text) noexcept;

std::string base64(std::string_view bytes);

}  // namespace opsroom

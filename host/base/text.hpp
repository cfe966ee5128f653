#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom {

/// Makes any bytes storable as text: invalid UTF-8 and NUL become U+FFFD.
std::string printable_utf8(std::string_view bytes);

/// The entry of `candidates` a person most likely meant by `word`; none when nothing is near.
std::optional<std::string> nearest(
    std::string_view word, const std::vector<std::string>& candidates
);

/// "a, b and c" for messages; at most `most` entries, then "and N more".
std::string listing(const std::vector<std::string>& items, std::size_t most = 8);

std::vector<std::string> split_lines(std::string_view text);

/// Lower-case letters, digits and dashes, at most 40 characters: good for a branch and a folder.
std::string slug(std::string_view text);

/// Number within [low, high], or Failure{invalid} naming `what`, the value and the range.
long number_in_range(std::string_view text, std::string_view what, long low, long high);

}  // namespace opsroom

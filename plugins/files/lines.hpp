#pragma once
#include <string_view>
#include <vector>

namespace opsroom::files {

/// The lines of a text, each with its newline where it has one; views into `text`.
std::vector<std::string_view> lines_of(std::string_view text);

/// A line without its newline.
std::string_view without_newline(std::string_view line);

}  // namespace opsroom::files

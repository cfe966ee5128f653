#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace opsroom::cli {

/// Colour only on a terminal, and not when NO_COLOR is set.
bool colour_wanted(std::FILE* stream);

enum class Ink { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

std::string inked(std::string_view text, Ink ink, bool colour);

/// A lane's own colour, the same everywhere.
Ink ink_of_lane(std::string_view lane);
Ink ink_of_status(std::string_view status);

/// Text of a tool made safe for a terminal: escape sequences, control characters
/// and those that turn the direction of text become visible.
std::string safe_for_terminal(std::string_view text);

}  // namespace opsroom::cli

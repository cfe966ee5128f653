#pragma once

#include "base/failure.hpp"
#include "base/json.hpp"

#include <string>
#include <string_view>

namespace opsroom::cli {

/// The first line, made safe and cut to `most` characters.
std::string short_line(std::string_view text, std::size_t most);

/// Text of a tool with its line breaks, everything else that a terminal would obey made visible.
std::string safe_lines(std::string_view text);

/// JSON for people, indented; safe for a terminal.
std::string json_text(const Json& json);

/// What went wrong with a source, and its remedy, on stderr.
void print_failure(const std::string& source, const Failure& failure);

/// Each line but the first moved to the right.
std::string indented(std::string_view text, std::size_t by);

}  // namespace opsroom::cli

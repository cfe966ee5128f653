#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <unistd.h>

namespace opsroom::cli {

bool colour_wanted(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(::fileno(stream)) != 0 && (no_colour == nullptr || *no_colour == '\0');
}

std::string inked(std::string_view text, Ink ink, bool colour) {
  static constexpr std::array<std::string_view, 9> codes{
      "", "1", "2", "31", "32", "33", "34", "35", "36"
  };
  if (!colour || ink == Ink::plain) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", codes.at(static_cast<std::size_t>(ink)), text);
}

Ink ink_of_lane(std::string_view lane) {
  static constexpr std::array<Ink, 4> inks{Ink::cyan, Ink::magenta, Ink::yellow, Ink::blue};
  if (lane.empty()) return Ink::plain;
  const auto letter = static_cast<unsigned char>(lane.front());
  return inks.at((letter + 3u) % 4u);
}

Ink ink_of_status(std::string_view status) {
  if (status == "succeeded") return Ink::green;
  if (status == "failed" || status == "interrupted") return Ink::red;
  if (status == "waiting" || status == "canceled") return Ink::yellow;
  return status == "running" ? Ink::bold : Ink::plain;
}

namespace {

unsigned code_point_of_three(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]) & 0x3Fu; };
  return (at(0) & 0x0Fu) << 12 | at(1) << 6 | at(2);
}

/// Starts with a character that lets the rest be shown in another order than it is in.
bool turns_text(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE2') return false;
  const unsigned c = code_point_of_three(text);
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string safe_for_terminal(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (turns_text(text.substr(i))) {
      safe += fmt::format("\\u{:04x}", code_point_of_three(text.substr(i)));
      i += 2;
    } else if (c == '\t') {
      safe += "    ";
    } else if (c < 0x20 || c == 0x7F) {
      safe += fmt::format("\\x{:02x}", c);
    } else if (c1) {
      safe += fmt::format("\\u00{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      safe += text[i];
    }
  }
  return safe;
}

}  // namespace opsroom::cli

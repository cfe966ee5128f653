#include "patch_names.hpp"

#include <opsroom/tool.hpp>

namespace opsroom::files {
namespace {

bool is_octal(char letter) {
  return letter >= '0' && letter <= '7';
}

char plain_escape(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return letter;
  }
}

/// Reads "..." with C's escapes from the front; `rest` is what follows it.
std::optional<std::string> unquoted(std::string_view text, std::string_view& rest) {
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      rest = text.substr(i + 1);
      return name;
    }
    if (text[i] != '\\') {
      name += text[i];
    } else if (i + 3 < text.size() && is_octal(text[i + 1])) {
      name += static_cast<char>(
          (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')
      );
      i += 3;
    } else if (i + 1 < text.size()) {
      name += plain_escape(text[++i]);
    }
  }
  return std::nullopt;
}

std::string_view without_prefix(std::string_view name) {
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

void bad_patch(std::size_t line, const std::string& reason) {
  throw tool::BadArguments("/patch", "line " + std::to_string(line) + ": " + reason);
}

std::string patch_name(std::string_view text, std::size_t line) {
  if (!text.empty() && text.front() == '"') {
    std::string_view rest;
    if (auto name = unquoted(text, rest)) return *name;
    bad_patch(line, "a quoted name has no end");
  }
  text = text.substr(0, text.find('\t'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.empty()) bad_patch(line, "a name is missing");
  return std::string(text);
}

std::optional<std::pair<std::string, std::string>> git_names(std::string_view text) {
  if (!text.empty() && text.front() == '"') {
    std::string_view rest;
    auto first = unquoted(text, rest);
    if (!first || rest.size() < 2) return std::nullopt;
    rest.remove_prefix(1);
    std::string_view end;
    auto second = rest.front() == '"' ? unquoted(rest, end) : std::string(rest);
    if (!second) return std::nullopt;
    return std::pair(*first, *second);
  }
  // Names with blanks are not quoted, so the middle is where both halves are the same.
  for (auto blank = text.find(' '); blank != std::string_view::npos;
       blank = text.find(' ', blank + 1)) {
    const auto first = text.substr(0, blank);
    const auto second = text.substr(blank + 1);
    if (without_prefix(first) == without_prefix(second))
      return std::pair(std::string(first), std::string(second));
  }
  return std::nullopt;
}

std::string stripped(const std::string& name, int count, std::size_t line) {
  std::string_view left = name;
  for (int i = 0; i < count; ++i) {
    const auto slash = left.find('/');
    if (slash == std::string_view::npos)
      bad_patch(
          line,
          "the name " + name + " has fewer than " + std::to_string(count) + " directories to strip"
      );
    left.remove_prefix(slash + 1);
  }
  return std::string(left);
}

}  // namespace opsroom::files

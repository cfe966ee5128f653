#include "uri_template.hpp"

#include <cstddef>
#include <stdexcept>

namespace opsroom::tool::detail {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw std::logic_error(
      "the resource template " + text + " may hold {name} and {+path}, with text between them"
  );
}

std::string unescaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto digit = [&](char letter) {
    return digits.find(static_cast<char>(letter >= 'A' && letter <= 'F' ? letter | 0x20 : letter));
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const std::size_t high = escape ? digit(text[i + 1]) : std::string_view::npos;
    const std::size_t low = escape ? digit(text[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) {
      plain += text[i];
    } else {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return plain;
}

}  // namespace

UriTemplate::UriTemplate(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('{', at);
    const std::string literal = text.substr(at, open - at);
    if (literal.find('}') != std::string::npos) refuse(text);
    if (literal.empty() && !parts_.empty()) refuse(text);
    if (!literal.empty()) parts_.push_back({literal, "", false});
    if (open == std::string::npos) return;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) refuse(text);
    const bool wide = text[open + 1] == '+';
    const std::string name =
        text.substr(open + 1 + (wide ? 1 : 0), close - open - 1 - (wide ? 1 : 0));
    if (name.empty() || name.find_first_of("{,*:?&#/.;") != std::string::npos) refuse(text);
    parts_.push_back({"", name, wide});
    at = close + 1;
  }
}

std::optional<std::map<std::string, std::string>> UriTemplate::match(std::string_view uri) const {
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.variable.empty()) {
      if (!uri.starts_with(part.literal)) return std::nullopt;
      uri.remove_prefix(part.literal.size());
      continue;
    }
    const bool last = i + 1 == parts_.size();
    const std::size_t end = last ? uri.size() : uri.find(parts_[i + 1].literal);
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    const std::string_view value = uri.substr(0, end);
    if (!part.wide && value.find('/') != std::string_view::npos) return std::nullopt;
    found[part.variable] = unescaped(value);
    uri.remove_prefix(end);
  }
  return uri.empty() ? std::optional(found) : std::nullopt;
}

bool UriTemplate::has(std::string_view variable) const {
  for (const Part& part : parts_)
    if (part.variable == variable && !variable.empty()) return true;
  return false;
}

}  // namespace opsroom::tool::detail

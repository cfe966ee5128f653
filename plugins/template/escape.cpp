#include "escape.hpp"

#include <cctype>
#include <stdexcept>

namespace opsroom::plugins::templates {
namespace {

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shell_words(const json& value) {
  if (!value.is_array()) return shell_word(plain(value));
  std::string words;
  for (const json& each : value)
    words += (words.empty() ? "" : " ") + shell_word(plain(each));
  return words;
}

}  // namespace

Escape escape_named(std::string_view name) {
  if (name == "none") return Escape::plain_text;
  if (name == "html") return Escape::for_html;
  if (name == "json") return Escape::for_json;
  if (name == "shell") return Escape::for_shell;
  throw std::invalid_argument("no escape mode is called " + std::string(name));
}

std::string html(std::string_view text) {
  std::string made;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\'':
        made += "&#39;";
        break;
      default:
        made += letter;
    }
  }
  return made;
}

std::string shell_word(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    throw std::invalid_argument("holds a NUL character, which no shell word can");
  std::string made = "'";
  for (const char letter : text) {
    if (letter == '\'')
      made += "'\\''";
    else
      made += letter;
  }
  return made + "'";
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 ||
        std::string_view("-._~").find(letter) != std::string_view::npos) {
      made += letter;
    } else {
      made += '%';
      made += digits[byte >> 4U];
      made += digits[byte & 15U];
    }
  }
  return made;
}

std::string plain(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) throw std::invalid_argument("is a list; use {{#each}}, | join or | json");
  if (value.is_object())
    throw std::invalid_argument("is an object; name one of its members or use | json");
  if (value.is_null()) throw std::invalid_argument("is null; give it a | default");
  return dumped(value);
}

std::string escaped(const json& value, Escape mode) {
  switch (mode) {
    case Escape::for_json:
      return dumped(value);
    case Escape::for_shell:
      return shell_words(value);
    case Escape::for_html:
      return html(plain(value));
    case Escape::plain_text:
      break;
  }
  return plain(value);
}

}  // namespace opsroom::plugins::templates

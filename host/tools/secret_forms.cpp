#include "tools/secret_forms.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace opsroom::tools {
namespace {

// Shorter lines and shorter secrets in base64 occur by chance.
constexpr std::size_t shortest_line = 8;
constexpr std::size_t shortest_encoded = 6;

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += digits[(bits >> count) & 63];
    }
    bits &= (1u << count) - 1;
  }
  return out;  // Without the last digit, which what follows has a part in.
}

/// The digits that stand for `value` alone when it begins `offset` bytes into a group of three.
std::string base64_core(const std::string& value, std::size_t offset) {
  const std::string encoded = base64(std::string(offset, '\0') + value);
  const std::size_t shared = offset == 0 ? 0 : offset + 1;
  return encoded.substr(std::min(shared, encoded.size()));
}

std::string url_alphabet(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string percent_encoded(const std::string& value, const char* format, bool plus) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ' && plus) {
      out += '+';
    } else {
      out += fmt::format(fmt::runtime(format), byte);
    }
  }
  return out;
}

std::string hexadecimal(const std::string& value, const char* format) {
  std::string out;
  for (const char c : value)
    out += fmt::format(fmt::runtime(format), static_cast<unsigned char>(c));
  return out;
}

std::string json_escaped(const std::string& value, bool ascii) {
  const Json text = value;
  const std::string quoted = text.dump(-1, ' ', ascii, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::string with_escaped_slashes(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::vector<std::string> secret_forms(const std::string& value) {
  std::vector<std::string> forms{value};
  for (const bool ascii : {false, true}) {
    const std::string once = json_escaped(value, ascii);
    forms.push_back(once);
    forms.push_back(with_escaped_slashes(once));
    forms.push_back(json_escaped(once, ascii));
  }
  for (const bool plus : {false, true}) {
    forms.push_back(percent_encoded(value, "%{:02X}", plus));
    forms.push_back(percent_encoded(value, "%{:02x}", plus));
  }
  forms.push_back(hexadecimal(value, "{:02x}"));
  forms.push_back(hexadecimal(value, "{:02X}"));
  if (value.size() >= shortest_encoded) {
    for (std::size_t offset = 0; offset < 3; ++offset) {
      const std::string core = base64_core(value, offset);
      forms.push_back(core);
      forms.push_back(url_alphabet(core));
    }
  }
  const std::vector<std::string> lines = split_lines(value);
  if (lines.size() > 1) {
    for (const std::string& line : lines) {
      if (line.size() >= shortest_line) forms.push_back(line);
    }
  }
  return forms;
}

}  // namespace opsroom::tools

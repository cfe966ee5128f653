#include "tools/secret_forms.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

/// A long secret for itself in lines, as MIME and base64(1) have them, and PEM.
void add_base64_lines(const std::string& value, std::vector<std::string>& forms) {
  const std::string whole = base64_core(value, 0);
  for (const std::size_t width : {std::size_t{76}, std::size_t{64}}) {
    if (whole.size() <= width) continue;
    for (std::size_t at = 0; at < whole.size(); at += width) {
      std::string line = whole.substr(at, width);
      if (line.size() >= shortest_line) forms.push_back(std::move(line));
    }
  }
}

std::string url_alphabet(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

/// What encoders leave as it is beside letters and digits: all of RFC 3986, encodeURIComponent,
/// encodeURI, urllib.parse.quote, forms, and whoever leaves nothing.
constexpr std::array<std::string_view, 6> left_plain{
    "-_.~", "-_.~!'()*", "-_.~!'()*;,/?:@&=+$#", "-_.~/", "-_.*", "-_."
};

std::string percent_encoded(
    const std::string& value, const char* format, bool plus, std::string_view left
) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || left.find(c) != std::string_view::npos) {
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

/// As Go's JSON has it: nothing that HTML could take for its own.
std::string json_of_go(const std::string& value) {
  std::string out;
  for (const char c : json_escaped(value, false)) {
    if (c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += c;
    }
  }
  return out;
}

/// As .NET's JSON has it: most signs by number, in capitals.
std::string json_of_dotnet(const std::string& value) {
  constexpr std::string_view by_number = "\"<>&'+`";
  const std::string text = json_escaped(value, true);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    const char c = escape && text[i + 1] == '"' ? '"' : text[i];
    if (escape && text[i + 1] == 'u') {
      out += "\\u";
      for (std::size_t digit = i + 2; digit < i + 6; ++digit)
        out += static_cast<char>(std::toupper(static_cast<unsigned char>(text[digit])));
      i += 5;
    } else if (by_number.find(c) != std::string_view::npos) {
      out += fmt::format("\\u{:04X}", c);
      i += escape ? 1 : 0;
    } else {
      out += text[i];
      if (escape) out += text[++i];
    }
  }
  return out;
}

/// As this program's log writes what cannot be printed, and C, Python and shells do.
std::string c_escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isprint(byte) != 0) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
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
  forms.push_back(json_of_go(value));
  forms.push_back(json_of_dotnet(value));
  forms.push_back(schema::escape_token(value));  // a member's name in a JSON Pointer
  forms.push_back(c_escaped(value));
  for (const char* format : {"%{:02X}", "%{:02x}"}) {
    for (const std::string_view left : left_plain) {
      forms.push_back(percent_encoded(value, format, false, left));
      forms.push_back(percent_encoded(value, format, true, left));
    }
    forms.push_back(hexadecimal(value, format));
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
  add_base64_lines(value, forms);
  const std::vector<std::string> lines = split_lines(value);
  if (lines.size() > 1) {
    for (const std::string& line : lines) {
      if (line.size() >= shortest_line) forms.push_back(line);
    }
  }
  return forms;
}

}  // namespace opsroom::tools

#include "formats.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace opsroom::tool::detail {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}
bool is_letter(char letter) {
  return (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
}
bool is_hex(char letter) {
  return is_digit(letter) || ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'f');
}

/// Whether `text` has the shape, in which 0 stands for a digit and all else for itself.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  return true;
}

int two_digits(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// A day that exists: "2024-02-29" (RFC 3339).
bool is_date(std::string_view text) {
  if (!has_shape(text, "0000-00-00")) return false;
  const int year = two_digits(text, 0) * 100 + two_digits(text, 2);
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= (month == 2 && leap ? 29 : days.at(static_cast<std::size_t>(month) - 1));
}

/// Minutes to add to get UTC, or -1 for no zone at all.
int zone_minutes(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (!has_shape(zone, "+00:00") && !has_shape(zone, "-00:00")) return -1;
  if (two_digits(zone, 1) > 23 || two_digits(zone, 4) > 59) return -1;
  const int minutes = two_digits(zone, 1) * 60 + two_digits(zone, 4);
  return zone[0] == '-' ? minutes : 1440 - minutes;
}

/// With its zone: "23:59:60Z", "08:30:06.25+02:00" (RFC 3339); a leap second only where one can be.
bool is_time(std::string_view text) {
  if (text.size() < 9 || !has_shape(text.substr(0, 8), "00:00:00")) return false;
  std::size_t zone = 8;
  if (text[zone] == '.') {
    while (++zone < text.size() && is_digit(text[zone])) {
    }
    if (zone == 9) return false;
  }
  const int shift = zone_minutes(text.substr(zone));
  const int minutes = two_digits(text, 0) * 60 + two_digits(text, 3);
  const int second = two_digits(text, 6);
  if (shift < 0 || two_digits(text, 0) > 23 || two_digits(text, 3) > 59 || second > 60)
    return false;
  return second < 60 || (minutes + shift) % 1440 == 1439;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] | 0x20) == 't' && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    for (const char letter : label)
      if (!is_digit(letter) && !is_letter(letter) && letter != '-') return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// An address as people have them: words with dots before the @, a host name behind it.
bool is_email(std::string_view text) {
  constexpr std::string_view also = "!#$%&'*+/=?^_`{|}~-.";
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || text.size() > 320) return false;
  const std::string_view local = text.substr(0, at);
  for (const char letter : local)
    if (!is_digit(letter) && !is_letter(letter) && also.find(letter) == std::string_view::npos)
      return false;
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  return is_host_name(text.substr(at + 1));
}

bool has_uri_letters(std::string_view text) {
  constexpr std::string_view also = "-._~:/?#[]@!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    } else if (!is_digit(text[i]) && !is_letter(text[i]) &&
               also.find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// What stands between "//" and the path: [user@]host[:port].
bool is_authority(std::string_view text) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (text.substr(0, at).find_first_of("[]@") != std::string_view::npos) return false;
    text.remove_prefix(at + 1);
  }
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    for (const char letter : text.substr(1, close - 1))
      if (!is_hex(letter) && letter != ':' && letter != '.') return false;
    end = close + 1;
  } else if (text.substr(0, end).find_first_of("[]") != std::string_view::npos) {
    return false;
  }
  const std::string_view port = end < text.size() ? text.substr(end) : std::string_view{};
  return port.empty() ||
         (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

/// Absolute, with a scheme (RFC 3986): "https://example.com/a?b#c", "mailto:a@b".
bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text[0])) return false;
  for (const char letter : text.substr(0, colon))
    if (!is_digit(letter) && !is_letter(letter) && letter != '+' && letter != '-' && letter != '.')
      return false;
  std::string_view rest = text.substr(colon + 1);
  if (!has_uri_letters(rest)) return false;
  const std::size_t hash = rest.find('#');
  if (hash != std::string_view::npos) {
    if (rest.find_first_of("#[]", hash + 1) != std::string_view::npos) return false;
    rest = rest.substr(0, hash);
  }
  if (rest.starts_with("//")) {
    const std::size_t end = rest.find_first_of("/?", 2);
    if (!is_authority(rest.substr(2, end == std::string_view::npos ? end : end - 2))) return false;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  }
  return rest.find_first_of("[]") == std::string_view::npos;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

}  // namespace

FormatCheck format_check(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, FormatCheck>, 6> all{{
      {"date-time", &is_date_time},
      {"date", &is_date},
      {"time", &is_time},
      {"uri", &is_uri},
      {"email", &is_email},
      {"uuid", &is_uuid},
  }};
  for (const auto& [known, check] : all)
    if (known == name) return check;
  return nullptr;
}

}  // namespace opsroom::tool::detail

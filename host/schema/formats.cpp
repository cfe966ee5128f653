#include "schema/formats.hpp"

#include "base/failure.hpp"
#include "schema/regex.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <map>
#include <string>

namespace opsroom::schema {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool hex(char c) {
  return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool fits(const Regex& regex, std::string_view text) {
  std::size_t budget = 200'000;
  try {
    return regex.matches(text, budget);
  } catch (const Failure&) {
    return false;  // no address or date is long enough to get here
  }
}

int number_at(std::string_view text, std::size_t at, std::size_t length) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + length, value);
  return value;
}

bool is_date(std::string_view text) {
  static const Regex shape("^\\d{4}-\\d{2}-\\d{2}$");
  if (!fits(shape, text)) return false;
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return day <= (month == 2 && leap ? 29 : days[month - 1]);
}

bool is_time(std::string_view text) {
  static const Regex shape("^\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([zZ]|[+-]\\d{2}:\\d{2})$");
  if (!fits(shape, text)) return false;
  const int hour = number_at(text, 0, 2);
  const int minute = number_at(text, 3, 2);
  const int second = number_at(text, 6, 2);
  int shift = 0;
  if (digit(text.back())) {
    const std::string_view zone = text.substr(text.size() - 6);
    const int hours = number_at(zone, 1, 2);
    const int minutes = number_at(zone, 4, 2);
    if (hours > 23 || minutes > 59) return false;
    shift = (zone[0] == '-' ? 1 : -1) * (hours * 60 + minutes);
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  // A leap second exists only at 23:59:60 UTC.
  return second < 60 || (hour * 60 + minute + shift + 2 * 1440) % 1440 == 1439;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] | 0x20) == 't' && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

bool is_duration(std::string_view text) {
  static const Regex shape(
      "^P(?!$)(\\d+W|(\\d+Y(\\d+M(\\d+D)?)?|\\d+M(\\d+D)?|\\d+D)?"
      "(T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S))?)$"
  );
  return fits(shape, text);
}

bool is_address(int family, std::string_view text) {
  unsigned char buffer[16];
  const std::string copy(text);
  return copy.find('\0') == std::string::npos && inet_pton(family, copy.c_str(), buffer) == 1;
}
bool is_ipv4(std::string_view text) {
  return is_address(AF_INET, text);
}
bool is_ipv6(std::string_view text) {
  return is_address(AF_INET6, text);
}

bool is_hostname(std::string_view text) {
  static const Regex shape(
      "^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
      "(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$"
  );
  return fits(shape, text);
}

bool is_email(std::string_view text) {
  static const Regex local(
      "^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
      "|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\")$"
  );
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > 320) return false;
  const std::string_view domain = text.substr(at + 1);
  if (!fits(local, text.substr(0, at))) return false;
  if (domain.starts_with("[IPv6:") && domain.ends_with(']')) {
    return is_ipv6(domain.substr(6, domain.size() - 7));
  }
  if (domain.starts_with('[') && domain.ends_with(']')) {
    return is_ipv4(domain.substr(1, domain.size() - 2));
  }
  return is_hostname(domain);
}

/// Only characters RFC 3986 allows, with whole percent escapes; `wide` also allows non-ASCII (RFC
/// 3987).
bool has_uri_characters(std::string_view text, bool wide) {
  constexpr std::string_view allowed = "-._~:/?#[]@!$&'()*+,;=%";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      if (!wide) return false;
    } else if (c == '%') {
      if (i + 2 >= text.size() || !hex(text[i + 1]) || !hex(text[i + 2])) return false;
    } else if (!digit(c) && !letter(c) && allowed.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool has_good_authority(std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (authority.substr(0, at).find_first_of("[]@") != std::string_view::npos) return false;
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view host = authority.substr(1, close - 1);
    if (!is_ipv6(host) && !host.starts_with('v')) return false;
    authority.remove_prefix(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    if (authority.substr(0, colon).find_first_of("[]") != std::string_view::npos) return false;
    authority.remove_prefix(colon);
  }
  return authority.empty() ||
         (authority[0] == ':' &&
          authority.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool is_reference(std::string_view text, bool wide, bool needs_scheme) {
  if (!has_uri_characters(text, wide)) return false;
  const std::size_t hash = std::min(text.find('#'), text.size());
  if (hash < text.size() && text.find_first_of("#[]", hash + 1) != std::string_view::npos)
    return false;
  text = text.substr(0, hash);
  const std::size_t colon = text.find(':');
  static const Regex scheme("^[A-Za-z][A-Za-z0-9+.-]*$");
  if (colon != std::string_view::npos && fits(scheme, text.substr(0, colon))) {
    text.remove_prefix(colon + 1);
  } else if (needs_scheme || (colon != std::string_view::npos && colon < text.find('/'))) {
    return false;
  }
  std::string_view rest = text;
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find_first_of("/?", 2), text.size());
    if (!has_good_authority(text.substr(2, end - 2))) return false;
    rest = text.substr(end);
  }
  return rest.find_first_of("[]") == std::string_view::npos;
}

bool is_uri(std::string_view text) {
  return is_reference(text, false, true);
}
bool is_uri_reference(std::string_view text) {
  return is_reference(text, false, false);
}
bool is_iri(std::string_view text) {
  return is_reference(text, true, true);
}
bool is_iri_reference(std::string_view text) {
  return is_reference(text, true, false);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !hex(text[i])) return false;
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
      return false;
    }
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || (end > 1 && text[0] == '0')) return false;
  const std::string_view rest = text.substr(end);
  return rest == "#" || is_json_pointer(rest);
}

bool is_regex(std::string_view text) {
  try {
    Regex regex(text);
    return true;
  } catch (const Failure& failure) {
    return failure.code() == Code::unsupported;  // a regular expression, only not one of ours
  }
}

bool is_uri_template(std::string_view text) {
  static const Regex shape(
      "^(?:[^\\x00-\\x20\"'%<>\\\\^`{|}]|%[0-9A-Fa-f]{2}"
      "|\\{[+#./;?&=,!@|]?(?:[A-Za-z0-9_.]|%[0-9A-Fa-f]{2})+(?:\\*|:[1-9]\\d{0,3})?"
      "(?:,(?:[A-Za-z0-9_.]|%[0-9A-Fa-f]{2})+(?:\\*|:[1-9]\\d{0,3})?)*\\})*$"
  );
  return fits(shape, text);
}

using Check = bool (*)(std::string_view);
const std::map<std::string_view, Check>& checks() {
  static const std::map<std::string_view, Check> all = {
      {"date-time", is_date_time},
      {"date", is_date},
      {"time", is_time},
      {"duration", is_duration},
      {"email", is_email},
      {"hostname", is_hostname},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"uri", is_uri},
      {"uri-reference", is_uri_reference},
      {"iri", is_iri},
      {"iri-reference", is_iri_reference},
      {"uri-template", is_uri_template},
      {"uuid", is_uuid},
      {"json-pointer", is_json_pointer},
      {"relative-json-pointer", is_relative_json_pointer},
      {"regex", is_regex},
  };
  return all;
}

}  // namespace

bool knows_format(std::string_view format) {
  return checks().count(format) != 0;
}

bool fits_format(std::string_view format, std::string_view text) {
  const auto found = checks().find(format);
  return found == checks().end() || found->second(text);
}

}  // namespace opsroom::schema

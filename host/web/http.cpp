#include "web/http.hpp"

#include "base/failure.hpp"
#include "web/errors.hpp"

#include <algorithm>
#include <array>

namespace opsroom::web {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return lower(x) == lower(y);
  });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

Refusal bad_target() {
  return Refusal(400, Code::invalid, "the request target is malformed");
}

std::string decode_or_refuse(std::string_view text, bool plus_is_space) {
  auto decoded = percent_decode(text, plus_is_space);
  if (!decoded) throw bad_target();
  return std::move(*decoded);
}

void split_query(Request& request, std::string_view query) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    request.query.emplace_back(
        decode_or_refuse(pair.substr(0, equals), true), decode_or_refuse(value, true)
    );
  }
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(),
      fields_.end(),
      [&](const Field& field) { return same_name(field.name, name); }
  ));
}

std::vector<std::string> Headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const Field& field : fields_) {
    if (same_name(field.name, name)) values.push_back(field.value);
  }
  return values;
}

void Headers::add(std::string name, std::string value) {
  fields_.push_back(Field{std::move(name), std::move(value)});
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_, [&](const Field& field) { return same_name(field.name, name); });
  add(std::move(name), std::move(value));
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    if (found) {
      throw Failure(Code::invalid, "the parameter '" + key + "' is given twice", "Give it once.");
    }
    found = value;
  }
  return found;
}

void split_target(Request& request) {
  const std::string_view path = request.path();
  if (path.empty() || path.front() != '/') throw bad_target();
  std::string_view rest = path.substr(1);
  while (true) {
    const auto end = rest.find('/');
    request.segments.push_back(decode_or_refuse(rest.substr(0, end), false));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (path.size() < request.target.size()) {
    split_query(request, std::string_view(request.target).substr(path.size() + 1));
  }
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (control(c)) return std::nullopt;
    out += c;
  }
  return out;
}

std::string_view reason_phrase(int status) {
  struct Row {
    int status;
    std::string_view phrase;
  };
  static constexpr std::array<Row, 25> rows{{
      {200, "OK"},
      {201, "Created"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {507, "Insufficient Storage"},
  }};
  for (const Row& row : rows) {
    if (row.status == status) return row.phrase;
  }
  return "Status";
}

}  // namespace opsroom::web

#include "web/parameters.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace opsroom::web {
namespace {

constexpr long highest_limit = 1000;
constexpr std::size_t lane_limit = 32;

[[noreturn]] void wrong(std::string_view key, std::string_view problem) {
  throw Failure(Code::invalid, fmt::format("/{}: {}", key, problem));
}

void check_length(std::string_view key, const std::string& text, std::size_t limit) {
  if (text.size() > limit) wrong(key, fmt::format("longer than {} bytes", limit));
}

void refuse_unknown(const Json& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    const auto near = nearest(key, names);
    throw Failure(
        Code::invalid,
        fmt::format("/{}: not a field of this request", key),
        near ? fmt::format("Did you mean '{}'?", *near)
             : fmt::format("It takes {}.", listing(names, names.size()))
    );
  }
}

}  // namespace

std::optional<std::int64_t> parse_id(std::string_view text) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t required_id_value(const Call& call, std::string_view name, std::string_view what) {
  const std::string& text = call.at(name);
  const auto id = parse_id(text);
  if (!id) {
    throw Failure(
        Code::not_found, fmt::format("{} {} does not exist", what, text), "Ids are whole numbers."
    );
  }
  return *id;
}

std::optional<std::int64_t> id_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text) return std::nullopt;
  const auto id = parse_id(*text);
  if (!id) {
    throw Failure(
        Code::invalid, fmt::format("{} is '{}'", name, *text), "It must be a positive whole number."
    );
  }
  return id;
}

int limit_parameter(const Request& request, int fallback) {
  const auto text = request.parameter("limit");
  if (!text) return fallback;
  return static_cast<int>(number_in_range(*text, "limit", 1, highest_limit));
}

std::int64_t number_parameter(
    const Request& request, std::string_view name, std::int64_t fallback
) {
  const auto text = request.parameter(name);
  if (!text) return fallback;
  return number_in_range(*text, name, 0, std::numeric_limits<long>::max());
}

Json object_body(const Request& request, std::initializer_list<std::string_view> known) {
  if (request.body.empty()) return Json::object();
  Json body = parse_json(request.body, "the request body", 64);
  if (!body.is_object()) {
    throw Failure(
        Code::invalid, fmt::format("the request body must be an object, not {}", json_type(body))
    );
  }
  refuse_unknown(body, known);
  return body;
}

std::int64_t body_id(const Json& body, std::string_view key) {
  const Json& value = member(body, key, "");
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() &&
                      value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max());
  if (!fits || value.get<std::int64_t>() < 1) wrong(key, "expected a positive whole number");
  return value.get<std::int64_t>();
}

std::string body_text(const Json& body, std::string_view key, std::size_t limit) {
  std::string text = string_at(body, key, "");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) wrong(key, "must not be empty");
  check_length(key, text, limit);
  return printable_utf8(text);
}

std::string body_text_or(
    const Json& body, std::string_view key, std::string fallback, std::size_t limit
) {
  std::string text = string_or(body, key, std::move(fallback), "");
  check_length(key, text, limit);
  return printable_utf8(text);
}

std::string lane_name(std::string text) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  const bool ok = !text.empty() && text.size() <= lane_limit && text.front() != '-' &&
                  text.front() != '_' && std::all_of(text.begin(), text.end(), good);
  if (!ok) {
    throw Failure(
        Code::invalid,
        fmt::format("'{}' is not a lane name", text),
        "Lanes are A, B, C, D or letters, digits, '-' and '_', at most 32."
    );
  }
  return text;
}

}  // namespace opsroom::web

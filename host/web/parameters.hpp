#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"
#include "web/router.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::web {

/// A positive whole number in plain digits; nullopt for anything else ("+1", "01", "1e3", "").
std::optional<std::int64_t> parse_id(std::string_view text);

/// The id in the place of `{name}`; what is no id names nothing, so Failure{not_found}.
template <class Id>
Id id_at(const Call& call, std::string_view name, std::string_view what);

/// The id given as a query parameter; Failure{invalid}.
std::optional<std::int64_t> id_parameter(const Request& request, std::string_view name);

/// `?limit=`, from 1 to 1000.
int limit_parameter(const Request& request, int fallback);

/// `?after=` and the like: 0 or a positive number.
std::int64_t number_parameter(const Request& request, std::string_view name, std::int64_t fallback);

/// The request's body as an object with no other members than `known` (a misspelt one would
/// otherwise be ignored silently). An empty body is an empty object. Failure{invalid}.
Json object_body(const Request& request, std::initializer_list<std::string_view> known);

/// A required positive id, a required text that is not empty, an optional text; all with a bound.
std::int64_t body_id(const Json& body, std::string_view key);
std::string body_text(const Json& body, std::string_view key, std::size_t limit);
std::string body_text_or(
    const Json& body, std::string_view key, std::string fallback, std::size_t limit
);

/// "A", "B", "build-2": good for a branch and a folder. Failure{invalid}.
std::string lane_name(std::string text);

std::int64_t required_id_value(const Call& call, std::string_view name, std::string_view what);

template <class Id>
Id id_at(const Call& call, std::string_view name, std::string_view what) {
  return Id{required_id_value(call, name, what)};
}

}  // namespace opsroom::web

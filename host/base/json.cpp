#include "base/json.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

namespace opsroom {
namespace {

std::string place_of(std::string_view text, std::size_t byte) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return fmt::format("line {}, column {}", line, column);
}

void check_depth(std::string_view text, std::string_view what, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) {
        throw Failure(
            Code::invalid,
            fmt::format("{}: nested deeper than {} levels", what, max_depth),
            "Flatten the document."
        );
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

[[noreturn]] void wrong_type(
    std::string_view where, std::string_view key, std::string_view wanted, const Json& got
) {
  throw Failure(
      Code::invalid, fmt::format("{}/{}: expected {}, got {}", where, key, wanted, json_type(got))
  );
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what, int max_depth) {
  check_depth(text, what, max_depth);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Failure(
        Code::invalid,
        fmt::format("{}: not JSON at {}", what, place_of(text, error.byte)),
        "Check for a missing comma, quote or bracket there."
    );
  } catch (const Json::out_of_range&) {
    throw Failure(
        Code::invalid,
        fmt::format("{}: a number is too large", what),
        "Numbers reach to about 1.8e308; write a larger one as a text."
    );
  } catch (const Json::exception& error) {
    throw Failure(Code::invalid, fmt::format("{}: {}", what, error.what()));
  }
}

const Json& member(const Json& object, std::string_view key, std::string_view where) {
  if (!object.is_object()) {
    throw Failure(
        Code::invalid,
        fmt::format(
            "{}: expected an object, got {}", where.empty() ? "/" : where, json_type(object)
        )
    );
  }
  const auto found = object.find(key);
  if (found == object.end()) {
    throw Failure(Code::invalid, fmt::format("{}/{}: required, but missing", where, key));
  }
  return *found;
}

std::string string_at(const Json& object, std::string_view key, std::string_view where) {
  const Json& value = member(object, key, where);
  if (!value.is_string()) wrong_type(where, key, "a string", value);
  return value.get<std::string>();
}

std::string string_or(
    const Json& object, std::string_view key, std::string fallback, std::string_view where
) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_string()) wrong_type(where, key, "a string", *found);
  return found->get<std::string>();
}

std::int64_t integer_or(
    const Json& object, std::string_view key, std::int64_t fallback, std::string_view where
) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_number_integer()) wrong_type(where, key, "an integer", *found);
  return found->get<std::int64_t>();
}

bool bool_or(const Json& object, std::string_view key, bool fallback, std::string_view where) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_boolean()) wrong_type(where, key, "true or false", *found);
  return found->get<bool>();
}

std::string_view json_type(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "object";
    case Json::value_t::array:
      return "array";
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "integer";
    case Json::value_t::number_float:
      return "number";
    default:
      return "unknown";
  }
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace opsroom

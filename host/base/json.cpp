#include "base/json.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

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

std::string dump_by_library(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What JSON carries as it is: ASCII without control characters, quotes and backslashes. These may
// say no to such, never yes to others.
bool all_plain(std::uint64_t eight) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  const std::uint64_t control = eight - ones * 0x20;
  const std::uint64_t quote = (eight ^ (ones * '"')) - ones;
  const std::uint64_t backslash = (eight ^ (ones * '\\')) - ones;
  return ((control | quote | backslash | eight) & (ones * 0x80)) == 0;
}

template <class Word>
std::uint64_t load(const char* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Four to seven characters, some of them twice.
bool few_plain(const char* text, std::size_t size) {
  const auto first = load<std::uint32_t>(text);
  const auto last = load<std::uint32_t>(text + size - 4);
  return all_plain(first << 32 | last);
}

bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_plain(char c) {
  return !is_beyond_ascii(c) && c >= ' ' && c != '"' && c != '\\';
}

std::size_t plain_length(std::string_view text) {
  const char* const begin = text.data();
  const std::size_t size = text.size();
  std::size_t length = 0;
  while (length + 8 <= size && all_plain(load<std::uint64_t>(begin + length)))
    length += 8;
  // What is left is looked at together with what comes before it: most texts are plain.
  if (size >= 8 && length + 8 > size && all_plain(load<std::uint64_t>(begin + size - 8))) {
    return size;
  }
  if (size >= 4 && size < 8 && few_plain(begin, size)) return size;
  while (length < size && is_plain(begin[length]))
    ++length;
  return length;
}

void escape(char c, std::string& out) {
  constexpr std::string_view special = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  const std::size_t at = special.find(c);
  if (at == std::string_view::npos) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += '\\';
    out += letters[at];
  }
}

/// The library looks at every character by itself; texts are long. Beyond ASCII it knows better.
void write_unusual_string(std::string_view text, std::string& out) {
  std::string_view rest = text;
  const std::size_t begin = out.size();
  out += '"';
  while (true) {
    const std::size_t plain = plain_length(rest);
    out.append(rest.data(), plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    if (is_beyond_ascii(rest.front())) {
      out.resize(begin);
      out += dump_by_library(Json(std::string(text)));
      return;
    }
    escape(rest.front(), out);
    rest.remove_prefix(1);
  }
  out += '"';
}

/// Names and ids are short, plain and many: they are added in one piece.
void write_string(std::string_view text, std::string& out) {
  std::array<char, 32> quoted;
  if (text.size() + 2 > quoted.size() || plain_length(text) < text.size()) {
    write_unusual_string(text, out);
    return;
  }
  quoted.front() = '"';
  text.copy(quoted.data() + 1, text.size());
  quoted[text.size() + 1] = '"';
  out.append(quoted.data(), text.size() + 2);
}

void write(const Json& value, std::string& out);

void write_object(const Json& object, std::string& out) {
  char before = '{';
  for (auto member = object.begin(); member != object.end(); ++member) {
    out += std::exchange(before, ',');
    write_string(member.key(), out);
    out += ':';
    write(member.value(), out);
  }
  out += object.empty() ? "{}" : "}";
}

void write_array(const Json& array, std::string& out) {
  char before = '[';
  for (const Json& element : array) {
    out += std::exchange(before, ',');
    write(element, out);
  }
  out += array.empty() ? "[]" : "]";
}

void write(const Json& value, std::string& out) {
  if (value.is_string()) {
    write_string(value.get_ref<const std::string&>(), out);
  } else if (value.is_object()) {
    write_object(value, out);
  } else if (value.is_array()) {
    write_array(value, out);
  } else if (value.is_number_unsigned()) {
    out += fmt::format_int(value.get<std::uint64_t>()).str();
  } else {
    out += dump_by_library(value);
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

void append_quoted(std::string_view text, std::string& out) {
  write_string(text, out);
}

void append_json(const Json& value, std::string& out) {
  write(value, out);
}

std::string dump(const Json& value) {
  std::string out;
  write(value, out);
  return out;
}

}  // namespace opsroom

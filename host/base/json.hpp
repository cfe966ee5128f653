#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace opsroom {

/// Small JSON: configuration, API bodies, plans. Tool results on the wire do not pass through it.
using Json = nlohmann::json;

/// Parses `text`; a Failure{invalid} names `what` and the place ("tools.json: not JSON at line 3,
/// column 9"), also for JSON with a number that no double holds.
/// Nesting beyond `max_depth` is refused, since copying deeper values overflows the stack.
Json parse_json(std::string_view text, std::string_view what, int max_depth = 128);

/// Readers that say which field was wrong, as a JSON Pointer below `where`.
const Json& member(const Json& object, std::string_view key, std::string_view where);
std::string string_at(const Json& object, std::string_view key, std::string_view where);
std::string string_or(
    const Json& object, std::string_view key, std::string fallback, std::string_view where
);
std::int64_t integer_or(
    const Json& object, std::string_view key, std::int64_t fallback, std::string_view where
);
bool bool_or(const Json& object, std::string_view key, bool fallback, std::string_view where);

/// "object", "array", "string", ...
std::string_view json_type(const Json& value);

/// Serialises for the wire or a column: invalid UTF-8 becomes U+FFFD instead of an exception.
std::string dump(const Json& value);
/// The same, added to `out`.
void append_json(const Json& value, std::string& out);

/// Appends a text as JSON, as dump() writes it.
void append_quoted(std::string_view text, std::string& out);

}  // namespace opsroom

#include "rows.hpp"

#include <algorithm>
#include <opsroom/text.hpp>

namespace opsroom::plugins::sql {
namespace {

// Of pg_type.dat; they never change.
enum Type : Oid {
  bool_type = 16,
  bytea_type = 17,
  int8_type = 20,
  int2_type = 21,
  int4_type = 23,
  oid_type = 26,
  json_type = 114,
  float4_type = 700,
  float8_type = 701,
  jsonb_type = 3802
};

/// "NaN" and "Infinity" stay texts, since JSON has no such numbers.
tool::json number_or_text(const std::string& text) {
  tool::json made = tool::json::parse(text, nullptr, false);
  return made.is_number() ? made : tool::json(text);
}

/// PostgreSQL's JSON may hold numbers of any size and half surrogates, which JSON here does not.
tool::json json_or_text(const char* text) {
  tool::json made = tool::json::parse(text, nullptr, false);
  return made.is_discarded() ? tool::json(printable_utf8(text)) : made;
}

/// "\x00ff" as PostgreSQL writes bytes.
std::string bytes_in_base64(const char* text) {
  std::size_t size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size), &PQfreemem
  );
  if (!bytes) throw std::bad_alloc();
  return base64({reinterpret_cast<const char*>(bytes.get()), size});
}

tool::json value_of(Oid type, const char* text) {
  switch (type) {
    case bool_type:
      return *text == 't';
    case int2_type:
    case int4_type:
    case int8_type:
    case oid_type:
    case float4_type:
    case float8_type:
      return number_or_text(text);
    case json_type:
    case jsonb_type:
      return json_or_text(text);
    case bytea_type:
      return bytes_in_base64(text);
    default:
      return printable_utf8(text);
  }
}

}  // namespace

Parameters parameters_of(const std::vector<tool::json>& values) {
  Parameters made;
  for (const tool::json& value : values) {
    if (value.is_null()) {
      made.emplace_back(std::nullopt);
      continue;
    }
    std::string text = value.is_string()
                           ? value.get<std::string>()
                           : value.dump(-1, ' ', false, tool::json::error_handler_t::replace);
    if (text.find('\0') != std::string::npos)
      throw tool::BadArguments(
          "/params/" + std::to_string(made.size()), "must not contain a NUL character"
      );
    made.emplace_back(std::move(text));
  }
  return made;
}

void Gathering::name_columns(const PGresult& result) {
  if (!columns.empty()) return;
  for (int i = 0; i < PQnfields(&result); ++i) {
    std::string name = PQfname(&result, i);
    if (std::find(columns.begin(), columns.end(), name) != columns.end())
      throw std::runtime_error("two columns are called \"" + name + "\": rename one with AS");
    columns.push_back(std::move(name));
  }
}

bool Gathering::take(const PGresult& result) {
  name_columns(result);
  for (int i = 0; i < PQnfields(&result); ++i)
    bytes_ += PQgetlength(&result, 0, i);
  truncated = static_cast<std::int64_t>(rows.size()) >= most_rows_ || bytes_ > most_bytes_;
  if (truncated) return false;
  Row made;
  for (int i = 0; i < PQnfields(&result); ++i) {
    tool::json value;
    if (PQgetisnull(&result, 0, i) == 0)
      value = value_of(PQftype(&result, i), PQgetvalue(&result, 0, i));
    made.emplace(columns[static_cast<std::size_t>(i)], std::move(value));
  }
  rows.push_back(std::move(made));
  return true;
}

void check_statement(const std::string& statement) {
  if (statement.find('\0') != std::string::npos)
    throw tool::BadArguments("/sql", "must not contain a NUL character");
}

}  // namespace opsroom::plugins::sql

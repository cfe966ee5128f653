#pragma once

#include "base/json.hpp"
#include "model/artifact.hpp"
#include "model/audit_entry.hpp"
#include "model/call_record.hpp"
#include "model/event.hpp"
#include "model/input.hpp"
#include "model/run.hpp"
#include "model/step.hpp"

#include <fmt/format.h>
#include <pqxx/result>
#include <pqxx/row>

#include <optional>
#include <string>
#include <vector>

namespace opsroom::store {

/// The columns of each value, to select from a table (or function) named by its alias, and their
/// reading. Times leave the database as ISO 8601 text.
std::string session_columns(std::string_view alias);
std::string run_columns(std::string_view alias);
std::string step_columns(std::string_view alias);
std::string event_columns(std::string_view alias);
std::string artifact_columns(std::string_view alias);
std::string input_columns(std::string_view alias);
std::string audit_columns(std::string_view alias);

Session session_from(const pqxx::row& row);
Run run_from(const pqxx::row& row);
Step step_from(const pqxx::row& row);
Event event_from(const pqxx::row& row);
Artifact artifact_from(const pqxx::row& row);
InputRequest input_from(const pqxx::row& row);
AuditEntry audit_from(const pqxx::row& row);

std::string text(const pqxx::field& field);  ///< null is ""
std::optional<std::string> maybe_text(const pqxx::field& field);
/// A jsonb column. What the server can store and this program cannot (a number beyond a double, a
/// very deep nesting) is null: one such row must not hide all the others of its list.
Json json(const pqxx::field& field);
/// The same; nullopt where `json` would say null for want of a better value.
std::optional<Json> exact_json(const pqxx::field& field);

template <class T>
std::vector<T> all(const pqxx::result& rows, T (*from)(const pqxx::row&)) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (const pqxx::row row : rows)
    values.push_back(from(row));
  return values;
}

/// JSON as a jsonb column can take it: no NUL, no bad UTF-8.
std::string json_text(const Json& value);
/// Events and steps as the functions of the database read them.
std::string events_text(const std::vector<Event>& events);
std::string step_text(const Step& step);
std::string asks_text(const std::vector<InputAsk>& asks);
std::string calls_text(const std::vector<CallRecord>& calls);

/// An SQL array literal of numbers or other plain words.
template <class Range, class Text>
std::string array_text(const Range& items, Text text_of) {
  std::string out = "{";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += text_of(item);
  }
  return out + "}";
}

}  // namespace opsroom::store

#pragma once

#include "base/json.hpp"
#include "model/input.hpp"

#include <string>
#include <vector>

namespace opsroom {

/// One field of the form that a question asks to be filled. Every text comes from the server and is
/// untrusted.
struct FormField {
  enum class Kind { text, integer, number, boolean, choice, choices };
  struct Option {
    std::string value;
    std::string title;  ///< for people; the value itself when the server names none
  };

  std::string name;
  std::string title;  ///< empty: none
  std::string description;
  Kind kind = Kind::text;
  std::string format;  ///< of a text: email, uri, date, date-time, or empty
  std::vector<Option> options;
  bool required = false;
  Json fallback;               ///< the declared default; null: none
  Json rule = Json::object();  ///< its schema in plain JSON Schema: titled options became an enum
};

std::string_view to_string(FormField::Kind kind);

/// True when the person is asked to visit `params.url` instead of filling a form.
bool asks_for_visit(const InputAsk& ask);
/// "Which name?"; empty when the server sent none.
std::string message_of(const InputAsk& ask);
/// The address of a visit, as sent; empty when there is none.
std::string url_of(const InputAsk& ask);

/// The fields of a form, required ones first. Reads all that MCP's restricted schema allows, old
/// and new (enum, enumNames, oneOf with titles, arrays of them); what it cannot read is a text.
/// Failure{invalid} when the requested schema is none.
std::vector<FormField> form_fields(const InputAsk& ask);

}  // namespace opsroom

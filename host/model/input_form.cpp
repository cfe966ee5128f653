#include "model/input_form.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace opsroom {
namespace {

using Kind = FormField::Kind;
using Options = std::vector<FormField::Option>;

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json part_of(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

/// `[{"const": value, "title": text}, ...]`; empty when any entry is something else.
Options titled_options(const Json& list) {
  Options options;
  if (!list.is_array()) return options;
  for (const Json& entry : list) {
    if (!part_of(entry, "const").is_string()) return {};
    const std::string value = text_at(entry, "const");
    const std::string title = text_at(entry, "title");
    options.push_back({value, title.empty() ? value : title});
  }
  return options;
}

Options plain_options(const Json& values, const Json& names) {
  Options options;
  if (!values.is_array()) return options;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].is_string()) return {};
    const auto value = values[i].get<std::string>();
    const bool named = names.is_array() && i < names.size() && names[i].is_string();
    options.push_back({value, named ? names[i].get<std::string>() : value});
  }
  return options;
}

Options options_of(const Json& schema) {
  for (const char* key : {"oneOf", "anyOf"}) {
    auto titled = titled_options(part_of(schema, key));
    if (!titled.empty()) return titled;
  }
  return plain_options(part_of(schema, "enum"), part_of(schema, "enumNames"));
}

/// The same rule without the titles, so that a message names the values instead of alternatives.
Json plain_rule(Json schema, const Options& options) {
  if (options.empty()) return schema;
  for (const char* key : {"oneOf", "anyOf", "enumNames"})
    schema.erase(key);
  Json values = Json::array();
  for (const auto& option : options)
    values.push_back(option.value);
  schema["enum"] = std::move(values);
  return schema;
}

Kind kind_of(const Json& schema, bool has_options) {
  const std::string type = text_at(schema, "type");
  if (type == "array") return Kind::choices;
  if (has_options) return Kind::choice;
  if (type == "integer") return Kind::integer;
  if (type == "number") return Kind::number;
  return type == "boolean" ? Kind::boolean : Kind::text;
}

FormField read_field(const std::string& name, const Json& schema) {
  FormField field;
  field.name = name;
  field.title = text_at(schema, "title");
  field.description = text_at(schema, "description");
  field.fallback = part_of(schema, "default");
  const bool list = text_at(schema, "type") == "array";
  const Json items = part_of(schema, "items");
  field.options = options_of(list ? items : schema);
  field.kind = kind_of(schema, !field.options.empty());
  if (field.kind == Kind::text) field.format = text_at(schema, "format");
  field.rule = plain_rule(schema, list ? Options{} : field.options);
  if (field.fallback.is_null()) field.rule.erase("default");
  if (list) {
    if (items.is_object()) field.rule["items"] = plain_rule(items, field.options);
    if (!field.options.empty()) field.rule["uniqueItems"] = true;
  }
  return field;
}

bool is_required(const Json& schema, const std::string& name) {
  const Json required = part_of(schema, "required");
  return required.is_array() && std::find(required.begin(), required.end(), name) != required.end();
}

[[noreturn]] void broken(const std::string& problem) {
  throw Failure(
      Code::invalid,
      fmt::format("the question itself is wrong: {}", problem),
      "It cannot be accepted: decline or cancel it, and tell whoever makes the tool."
  );
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "text";
    case Kind::integer:
      return "whole number";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "true or false";
    case Kind::choice:
      return "one of";
    case Kind::choices:
      return "any of";
  }
  return "text";
}

bool asks_for_visit(const InputAsk& ask) {
  return text_at(ask.params, "mode") == "url";
}

std::string message_of(const InputAsk& ask) {
  return text_at(ask.params, "message");
}

std::string url_of(const InputAsk& ask) {
  return text_at(ask.params, "url");
}

std::vector<FormField> form_fields(const InputAsk& ask) {
  const Json schema = part_of(ask.params, "requestedSchema");
  if (schema.is_null()) return {};
  if (!schema.is_object())
    broken(fmt::format("requestedSchema is {}, not an object", json_type(schema)));
  const Json properties = part_of(schema, "properties");
  if (!properties.is_null() && !properties.is_object())
    broken("requestedSchema/properties is no object");
  std::vector<FormField> fields;
  std::vector<FormField> optional;
  for (const auto& [name, property] : properties.items()) {
    if (!property.is_object())
      broken(fmt::format("requestedSchema/properties/{} is no schema", name));
    FormField field = read_field(name, property);
    field.required = is_required(schema, name);
    (field.required ? fields : optional).push_back(std::move(field));
  }
  std::move(optional.begin(), optional.end(), std::back_inserter(fields));
  return fields;
}

}  // namespace opsroom

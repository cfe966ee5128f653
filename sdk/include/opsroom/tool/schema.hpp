#pragma once
#include <opsroom/tool/fields.hpp>
#include <opsroom/tool/write.hpp>

namespace opsroom::tool {

/// The JSON Schema (2020-12) of a type: strings, bool, integers, floating point, std::optional (may
/// be null or absent), sequences, maps from strings, nlohmann::json (anything), described structs.
template <class T>
json schema_of();

/// The same for a result: every field is there, so all are required and none has a default; and
/// more may come in a later version.
template <class T>
json output_schema_of();

namespace detail {

enum class Direction { in, out };

template <class T, Direction way>
json schema_for();

inline json nullable(json schema) {
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  if (schema.contains("type") && schema["type"].is_string()) {
    schema["type"] = json::array({schema["type"], "null"});
    return schema;
  }
  if (schema.empty()) return schema;
  return {{"anyOf", json::array({std::move(schema), json{{"type", "null"}}})}};
}

template <class T>
json integer_schema() {
  json schema{{"type", "integer"}};
  if constexpr (std::is_unsigned_v<T>) schema["minimum"] = 0;
  return schema;
}

template <class T, class Owner>
void add_limits(json& schema, const Field<Owner, T>& field) {
  if (field.minimum) schema["minimum"] = plain_number(*field.minimum);
  if (field.maximum) schema["maximum"] = plain_number(*field.maximum);
  if (field.choice_count > 0) {
    json allowed = json::array();
    for (std::size_t i = 0; i < field.choice_count; ++i)
      allowed.push_back(field.choices.at(i));
    if constexpr (is_optional<T>) allowed.push_back(nullptr);
    schema["enum"] = std::move(allowed);
  }
  if (!field.filled) return;
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>)
    schema["minLength"] = 1;
  else if constexpr (StringMap<T>)
    schema["minProperties"] = 1;
  else
    schema["minItems"] = 1;
}

template <class Struct, Direction way>
json struct_schema() {
  json properties = json::object();
  json required = json::array();
  const Struct start{};
  for_each_field<Struct>([&](const auto& field) {
    using T = typename std::decay_t<decltype(field)>::value_type;
    json schema = schema_for<T, way>();
    add_limits<T>(schema, field);
    if (*field.description != '\0') schema["description"] = field.description;
    if (way == Direction::out || !may_be_absent(field, start))
      required.push_back(field.name);
    else if constexpr (!is_optional<T>)
      schema["default"] = write(start.*field.member);
    properties[field.name] = std::move(schema);
  });
  json schema{{"type", "object"}, {"properties", properties}};
  if (way == Direction::in) schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

template <class T, Direction way>
json schema_for() {
  if constexpr (std::is_same_v<T, json>)
    return json::object();
  else if constexpr (std::is_same_v<T, std::string>)
    return {{"type", "string"}};
  else if constexpr (std::is_same_v<T, bool>)
    return {{"type", "boolean"}};
  else if constexpr (std::is_integral_v<T>)
    return integer_schema<T>();
  else if constexpr (std::is_floating_point_v<T>)
    return {{"type", "number"}};
  else if constexpr (is_optional<T>)
    return nullable(schema_for<typename T::value_type, way>());
  else if constexpr (Described<T>)
    return struct_schema<T, way>();
  else if constexpr (StringMap<T>)
    return {
        {"type", "object"}, {"additionalProperties", schema_for<typename T::mapped_type, way>()}
    };
  else if constexpr (Sequence<T>)
    return {{"type", "array"}, {"items", schema_for<typename T::value_type, way>()}};
  else
    static_assert(unsupported<T>, "give this type a static fields() table, or use nlohmann::json");
}

}  // namespace detail

template <class T>
json schema_of() {
  return detail::schema_for<T, detail::Direction::in>();
}

template <class T>
json output_schema_of() {
  return detail::schema_for<T, detail::Direction::out>();
}

}  // namespace opsroom::tool

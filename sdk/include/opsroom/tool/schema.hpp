#pragma once
#include <limits>
#include <opsroom/tool/fields.hpp>
#include <opsroom/tool/limits.hpp>
#include <opsroom/tool/write.hpp>
#include <string>
#include <utility>

namespace opsroom::tool {

/// The JSON Schema (2020-12) of a type: strings, bool, integers, floating point, std::optional (may
/// be null or absent), sequences, maps from strings, enums with a describe() beside them,
/// std::variant (the first alternative that fits), nlohmann::json (anything), described structs.
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
  if (schema.contains("oneOf"))
    return {{"anyOf", json::array({std::move(schema), {{"type", "null"}}})}};
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  if (schema.contains("type") && schema["type"].is_string()) {
    schema["type"] = json::array({schema["type"], "null"});
    return schema;
  }
  if (schema.empty()) return schema;
  return {{"anyOf", json::array({std::move(schema), json{{"type", "null"}}})}};
}

/// A bound of the author's, unless the type's own is the tighter one.
inline void tighten(json& schema, const std::string& keyword, double bound) {
  const auto own = schema.find(keyword);
  const bool lower = keyword == "minimum";
  if (own != schema.end() && (lower ? *own > bound : *own < bound)) return;
  schema[keyword] = plain_number(bound);
}

/// With the type's own range, which the parser enforces too; without it for 64 bits, which a client
/// that counts in doubles could not even say.
template <class T>
json integer_schema() {
  json schema{{"type", "integer"}};
  if constexpr (std::is_unsigned_v<T>) schema["minimum"] = 0;
  if constexpr (sizeof(T) < 8) {
    schema["minimum"] = std::numeric_limits<T>::min();
    schema["maximum"] = std::numeric_limits<T>::max();
  }
  return schema;
}

/// Names only, or names with titles in the way MCP's forms have them.
template <DescribedEnum Enum>
json enum_schema() {
  json names = json::array();
  json titled = json::array();
  bool any_title = false;
  for (const Named<Enum>& each : describe(Enum{})) {
    names.push_back(each.name);
    any_title = any_title || *each.title != '\0';
    titled.push_back({{"const", each.name}, {"title", *each.title ? each.title : each.name}});
  }
  if (any_title) return {{"type", "string"}, {"oneOf", std::move(titled)}};
  return {{"type", "string"}, {"enum", std::move(names)}};
}

template <class Variant, Direction way>
json variant_schema() {
  json any = json::array();
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (any.push_back(schema_for<std::variant_alternative_t<index, Variant>, way>()), ...);
  }(std::make_index_sequence<std::variant_size_v<Variant>>());
  return {{"anyOf", std::move(any)}};
}

/// Limits on values, put where the values are described: in a list's items.
template <class Value, class Owner, class T>
void add_value_limits(json& schema, const Field<Owner, T>& field, bool nullable) {
  if constexpr (is_optional<Value>) {
    add_value_limits<typename Value::value_type>(schema, field, true);
  } else if constexpr (StringMap<Value>) {
    add_value_limits<typename Value::mapped_type>(schema["additionalProperties"], field, false);
  } else if constexpr (Sequence<Value>) {
    add_value_limits<typename Value::value_type>(schema["items"], field, false);
  } else {
    if (field.minimum)
      tighten(schema, field.above_minimum ? "exclusiveMinimum" : "minimum", *field.minimum);
    if (field.maximum)
      tighten(schema, field.below_maximum ? "exclusiveMaximum" : "maximum", *field.maximum);
    if (field.pattern_text != nullptr) schema["pattern"] = field.pattern_text;
    if (field.format_name != nullptr) schema["format"] = field.format_name;
    if (field.choice_count == 0) return;
    json allowed = json::array();
    for (std::size_t i = 0; i < field.choice_count; ++i)
      allowed.push_back(field.choices.at(i));
    if (nullable) allowed.push_back(nullptr);
    schema["enum"] = std::move(allowed);
  }
}

template <class T, class Owner>
void add_limits(json& schema, const Field<Owner, T>& field) {
  using Whole = typename Unwrapped<T>::type;
  check_table(field);
  add_value_limits<T>(schema, field, false);
  const bool text = std::is_same_v<Whole, std::string>;
  const bool map = StringMap<Whole>;
  if (field.least_size)
    schema[text ? "minLength" : map ? "minProperties" : "minItems"] = *field.least_size;
  if (field.most_size)
    schema[text ? "maxLength" : map ? "maxProperties" : "maxItems"] = *field.most_size;
  if (field.distinct) schema["uniqueItems"] = true;
}

/// Whether what the struct starts a field with could have been given by a caller.
template <class Owner, class T>
bool fits_its_limits(const Field<Owner, T>& field, const T& start) try {
  check_limits(field, start, "");
  return true;
} catch (const BadArguments&) {
  return false;
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
      if (fits_its_limits(field, start.*field.member))
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
  else if constexpr (is_variant<T>)
    return variant_schema<T, way>();
  else if constexpr (std::is_same_v<T, std::monostate>)
    return {{"type", "null"}};
  else if constexpr (DescribedEnum<T>)
    return enum_schema<T>();
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

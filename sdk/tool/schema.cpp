#include "limits.hpp"

#include <limits>
#include <map>
#include <set>

namespace opsroom::tool::detail {
namespace {

json nullable(json schema) {
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
void tighten(json& schema, const std::string& keyword, double bound) {
  const auto own = schema.find(keyword);
  const bool lower = keyword == "minimum";
  if (own != schema.end() && (lower ? *own > bound : *own < bound)) return;
  schema[keyword] = plain_number(bound);
}

/// The type's own range, unless it is that of JSON's own integers.
json integer_schema(const IntegerShape& shape) {
  json schema{{"type", "integer"}};
  if (!shape.is_signed) schema["minimum"] = 0;
  if (shape.bytes < sizeof(std::int64_t)) {
    const auto bits = static_cast<unsigned>(shape.bytes * 8) - (shape.is_signed ? 1 : 0);
    const auto most = (std::int64_t{1} << bits) - 1;
    schema["minimum"] = shape.is_signed ? -most - 1 : 0;
    schema["maximum"] = most;
  }
  return schema;
}

/// Names only, or names with titles in the way MCP's forms have them.
json choice_schema(const ChoiceShape& shape) {
  json names = json::array();
  json titled = json::array();
  bool any_title = false;
  for (const auto& each : shape.all) {
    names.push_back(each.name);
    any_title = any_title || *each.title != '\0';
    titled.push_back({{"const", each.name}, {"title", *each.title ? each.title : each.name}});
  }
  if (any_title) return {{"type", "string"}, {"oneOf", std::move(titled)}};
  return {{"type", "string"}, {"enum", std::move(names)}};
}

/// Limits on values, put where the values are described: in a list's items.
void add_value_limits(json& schema, const Limits& limits, const Shape& shape, bool may_be_null) {
  if (shape.kind == Kind::maybe)
    return add_value_limits(schema, limits, as<MaybeShape>(shape).inner(), true);
  if (shape.kind == Kind::map)
    return add_value_limits(
        schema["additionalProperties"], limits, as<MapShape>(shape).value(), false
    );
  if (shape.kind == Kind::list)
    return add_value_limits(schema["items"], limits, as<ListShape>(shape).element(), false);
  if (limits.minimum)
    tighten(schema, limits.above_minimum ? "exclusiveMinimum" : "minimum", *limits.minimum);
  if (limits.maximum)
    tighten(schema, limits.below_maximum ? "exclusiveMaximum" : "maximum", *limits.maximum);
  if (limits.pattern_text != nullptr) schema["pattern"] = limits.pattern_text;
  if (limits.format_name != nullptr) schema["format"] = limits.format_name;
  if (limits.choice_count == 0) return;
  json allowed = json::array();
  for (std::size_t i = 0; i < limits.choice_count; ++i)
    allowed.push_back(limits.choices[i]);
  if (may_be_null) allowed.push_back(nullptr);
  schema["enum"] = std::move(allowed);
}

void add_limits(json& schema, const FieldShape& field) {
  check_table(field);
  const Limits& limits = field.limits;
  const Kind whole = unwrapped(field.shape()).kind;
  const std::string unit = whole == Kind::text  ? "Length"
                           : whole == Kind::map ? "Properties"
                                                : "Items";
  add_value_limits(schema, limits, field.shape(), false);
  if (limits.least_size) schema["min" + unit] = *limits.least_size;
  if (limits.most_size) schema["max" + unit] = *limits.most_size;
  if (limits.distinct) schema["uniqueItems"] = true;
}

/// Whether what the struct starts a field with could have been given by a caller.
bool fits_its_limits(const FieldShape& field, const void* start) try {
  check_limits(field.limits, field.shape(), start, Place(""));
  return true;
} catch (const BadArguments&) {
  return false;
}

/// Makes one schema, and the definitions that it refers to.
class SchemaMaker {
 public:
  explicit SchemaMaker(Direction way) : way_(way) {}

  /// Its type is to be seen at the top, so a struct that holds itself stands here and in $defs.
  json whole(const Shape& shape) {
    json schema = shape.kind == Kind::structure ? of_struct(as<StructShape>(shape)) : of(shape);
    if (!defs_.empty()) schema["$defs"] = std::move(defs_);
    return schema;
  }

 private:
  json of(const Shape& shape);
  json of_struct(const StructShape& shape);
  json reference(const StructShape& shape);
  bool holds_itself(const StructShape& shape);

  Direction way_;
  json defs_ = json::object();
  std::map<const StructShape*, std::string> names_;
};

/// Collects the structs that values of a type may hold.
void collect(const Shape& shape, std::set<const Shape*>& held) {
  switch (shape.kind) {
    case Kind::maybe:
      return collect(as<MaybeShape>(shape).inner(), held);
    case Kind::map:
      return collect(as<MapShape>(shape).value(), held);
    case Kind::list:
      return collect(as<ListShape>(shape).element(), held);
    case Kind::any_of: {
      const auto& variant = as<VariantShape>(shape);
      for (std::size_t i = 0; i < variant.count; ++i)
        collect(variant.alternatives[i].shape(), held);
      return;
    }
    case Kind::structure:
      if (!held.insert(&shape).second) return;
      for (const FieldShape& each : as<StructShape>(shape).fields)
        collect(each.shape(), held);
      return;
    default:
      return;
  }
}

bool SchemaMaker::holds_itself(const StructShape& shape) {
  std::set<const Shape*> held;
  for (const FieldShape& each : shape.fields)
    collect(each.shape(), held);
  return held.contains(&shape);
}

json SchemaMaker::reference(const StructShape& shape) {
  auto known = names_.find(&shape);
  if (known == names_.end()) {
    const std::string name = name_of(shape);
    std::string free = name;
    for (int i = 2; defs_.contains(free); ++i)
      free = name + "_" + std::to_string(i);
    defs_[free] = nullptr;  // taken, before it is met again inside
    known = names_.emplace(&shape, free).first;
    json schema = of_struct(shape);
    defs_[free] = std::move(schema);
  }
  return {{"$ref", "#/$defs/" + known->second}};
}

json SchemaMaker::of_struct(const StructShape& shape) {
  json properties = json::object();
  json required = json::array();
  const auto describe = [&](const void* start) {
    for (const FieldShape& each : shape.fields) {
      json schema = of(each.shape());
      add_limits(schema, each);
      if (*each.limits.description != '\0') schema["description"] = each.limits.description;
      const void* begin = each.in(start);
      if (way_ == Direction::out || !may_be_absent(each, start))
        required.push_back(each.limits.name);
      else if (each.shape().kind != Kind::maybe && fits_its_limits(each, begin))
        schema["default"] = written(each.shape(), begin);
      properties[each.limits.name] = std::move(schema);
    }
  };
  shape.with_fresh(look_with(describe));
  json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (way_ == Direction::in) schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json SchemaMaker::of(const Shape& shape) {
  switch (shape.kind) {
    case Kind::anything:
      return json::object();
    case Kind::text:
      return {{"type", "string"}};
    case Kind::boolean:
      return {{"type", "boolean"}};
    case Kind::integer:
      return integer_schema(as<IntegerShape>(shape));
    case Kind::number:
      return {{"type", "number"}};
    case Kind::null:
      return {{"type", "null"}};
    case Kind::choice:
      return choice_schema(as<ChoiceShape>(shape));
    case Kind::maybe:
      return nullable(of(as<MaybeShape>(shape).inner()));
    case Kind::any_of: {
      const auto& variant = as<VariantShape>(shape);
      json any = json::array();
      for (std::size_t i = 0; i < variant.count; ++i)
        any.push_back(of(variant.alternatives[i].shape()));
      return {{"anyOf", std::move(any)}};
    }
    case Kind::structure: {
      const auto& structure = as<StructShape>(shape);
      return holds_itself(structure) ? reference(structure) : of_struct(structure);
    }
    case Kind::map:
      return {{"type", "object"}, {"additionalProperties", of(as<MapShape>(shape).value())}};
    case Kind::list:
      return {{"type", "array"}, {"items", of(as<ListShape>(shape).element())}};
  }
  return json::object();
}

}  // namespace

void make_schema(const Shape& shape, Direction way, json& made) {
  made = SchemaMaker(way).whole(shape);
}

}  // namespace opsroom::tool::detail

#include "schema/keywords.hpp"

#include "base/failure.hpp"
#include "schema/regex.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <unordered_map>

namespace opsroom::schema {
namespace {

using Table = std::unordered_map<std::string_view, Shape>;

const Table common = {
    {"$id", Shape::reference},
    {"$schema", Shape::reference},
    {"$ref", Shape::reference},
    {"$comment", Shape::text},
    {"definitions", Shape::schema_map},
    {"dependencies", Shape::dependency_map},
    {"contains", Shape::schema},
    {"additionalProperties", Shape::schema},
    {"properties", Shape::schema_map},
    {"patternProperties", Shape::pattern_map},
    {"propertyNames", Shape::schema},
    {"if", Shape::schema},
    {"then", Shape::schema},
    {"else", Shape::schema},
    {"allOf", Shape::schema_array},
    {"anyOf", Shape::schema_array},
    {"oneOf", Shape::schema_array},
    {"not", Shape::schema},
    {"type", Shape::type_names},
    {"enum", Shape::array},
    {"multipleOf", Shape::positive_number},
    {"maximum", Shape::number},
    {"exclusiveMaximum", Shape::number},
    {"minimum", Shape::number},
    {"exclusiveMinimum", Shape::number},
    {"maxLength", Shape::count},
    {"minLength", Shape::count},
    {"pattern", Shape::pattern},
    {"maxItems", Shape::count},
    {"minItems", Shape::count},
    {"uniqueItems", Shape::flag},
    {"maxProperties", Shape::count},
    {"minProperties", Shape::count},
    {"required", Shape::name_list},
    {"title", Shape::text},
    {"description", Shape::text},
    {"readOnly", Shape::flag},
    {"writeOnly", Shape::flag},
    {"examples", Shape::array},
    {"format", Shape::text},
    {"contentMediaType", Shape::text},
    {"contentEncoding", Shape::text},
    {"$recursiveRef", Shape::refused},
};

const Table only_draft7 = {
    {"items", Shape::schema_or_array},
    {"additionalItems", Shape::schema},
};

const Table only_2020 = {
    {"$anchor", Shape::text},
    {"$dynamicRef", Shape::reference},
    {"$dynamicAnchor", Shape::text},
    {"$defs", Shape::schema_map},
    {"prefixItems", Shape::schema_array},
    {"items", Shape::schema},
    {"dependentSchemas", Shape::schema_map},
    {"unevaluatedItems", Shape::schema},
    {"unevaluatedProperties", Shape::schema},
    {"maxContains", Shape::count},
    {"minContains", Shape::count},
    {"dependentRequired", Shape::name_list_map},
    {"deprecated", Shape::flag},
    {"contentSchema", Shape::schema},
};

const std::set<std::string_view> type_words = {
    "array", "boolean", "integer", "null", "number", "object", "string"
};

bool is_schema(const Json& value) {
  return value.is_object() || value.is_boolean();
}

bool is_name_list(const Json& value) {
  if (!value.is_array()) return false;
  std::set<std::string> seen;
  for (const Json& name : value) {
    if (!name.is_string() || !seen.insert(name.get<std::string>()).second) return false;
  }
  return true;
}

bool is_count(const Json& value) {
  if (value.is_number_integer())
    return value.is_number_unsigned() || value.get<std::int64_t>() >= 0;
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return number >= 0 && number == std::floor(number);
}

std::string wrong_type_names(const Json& value) {
  const auto unknown = [](const Json& name) {
    return !name.is_string() || type_words.count(name.get_ref<const std::string&>()) == 0;
  };
  if (value.is_array()) {
    if (value.empty() || !is_name_list(value)) return "must be a type or a list of different types";
    for (const Json& name : value) {
      if (unknown(name)) return fmt::format("{} is not a type", dump(name));
    }
    return {};
  }
  return unknown(value) ? fmt::format("{} is not a type", dump(value)) : std::string();
}

/// What is wrong with a value that holds no subschema; empty when nothing.
std::string plain_error(const Json& value, Shape shape) {
  switch (shape) {
    case Shape::text:
    case Shape::reference:
    case Shape::pattern:
      return value.is_string() ? "" : "must be a string";
    case Shape::flag:
      return value.is_boolean() ? "" : "must be true or false";
    case Shape::number:
      if (value.is_boolean()) return "must be a number (true and false are of draft-04)";
      return value.is_number() ? "" : "must be a number";
    case Shape::positive_number:
      return value.is_number() && value.get<double>() > 0 ? "" : "must be a number above zero";
    case Shape::count:
      return is_count(value) ? "" : "must be a whole number, zero or more";
    case Shape::type_names:
      return wrong_type_names(value);
    case Shape::name_list:
      return is_name_list(value) ? "" : "must be a list of different strings";
    case Shape::array:
      return value.is_array() ? "" : "must be an array";
    case Shape::refused:
      return "belongs to a draft that is not supported (draft-07 and 2020-12 are)";
    default:
      return {};
  }
}

std::string container_error(std::string_view keyword, const Json& value, Shape shape) {
  switch (shape) {
    case Shape::schema:
      if (keyword == "items" && value.is_array()) {
        return "must be a schema; a list of schemas is prefixItems since 2020-12 "
               "(or name draft-07 in $schema)";
      }
      return is_schema(value) ? "" : "must be a schema: an object, true or false";
    case Shape::schema_array:
      return value.is_array() && !value.empty() ? "" : "must be a list of schemas, at least one";
    case Shape::schema_map:
    case Shape::pattern_map:
    case Shape::dependency_map:
    case Shape::name_list_map:
      return value.is_object() ? "" : "must be an object";
    case Shape::schema_or_array:
      return is_schema(value) || value.is_array() ? "" : "must be a schema or a list of schemas";
    default:
      return {};
  }
}

}  // namespace

Dialect dialect_of(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!uri.starts_with(scheme)) continue;
    const std::string_view rest = uri.substr(scheme.size());
    if (rest == "json-schema.org/draft/2020-12/schema") return Dialect::draft2020;
    if (rest == "json-schema.org/draft-07/schema") return Dialect::draft7;
  }
  throw Failure(
      Code::unsupported,
      fmt::format("the schema is of the dialect \"{}\", which is not supported", uri),
      "Write it in JSON Schema 2020-12 (https://json-schema.org/draft/2020-12/schema) or draft-07."
  );
}

Shape shape_of(std::string_view keyword, Dialect dialect) {
  const Table& own = dialect == Dialect::draft7 ? only_draft7 : only_2020;
  if (const auto found = own.find(keyword); found != own.end()) return found->second;
  if (const auto found = common.find(keyword); found != common.end()) return found->second;
  return Shape::anything;
}

std::vector<Child> children_of(std::string_view keyword, const Json& value, Shape shape) {
  std::vector<Child> children;
  const std::string base = "/" + escape_token(keyword);
  const auto from_array = [&] {
    for (std::size_t i = 0; i < value.size(); ++i) {
      children.push_back({fmt::format("{}/{}", base, i), &value[i]});
    }
  };
  switch (shape) {
    case Shape::schema:
      children.push_back({base, &value});
      break;
    case Shape::schema_array:
      if (value.is_array()) from_array();
      break;
    case Shape::schema_or_array:
      if (value.is_array()) {
        from_array();
      } else {
        children.push_back({base, &value});
      }
      break;
    case Shape::schema_map:
    case Shape::pattern_map:
    case Shape::dependency_map:
      if (!value.is_object()) break;
      for (const auto& [key, child] : value.items()) {
        if (shape == Shape::dependency_map && child.is_array()) continue;
        children.push_back({base + "/" + escape_token(key), &child});
      }
      break;
    default:
      break;
  }
  return children;
}

void check_keyword(
    std::string_view keyword,
    const Json& value,
    Shape shape,
    const std::string& pointer,
    std::vector<Problem>& problems
) {
  const std::string here = pointer + "/" + escape_token(keyword);
  const auto add = [&](const std::string& where, const std::string& error) {
    if (error.empty()) return;
    problems.push_back({where, fmt::format("{} {}", keyword, error), std::string(keyword)});
  };
  add(here, plain_error(value, shape));
  const std::string wrong_container = container_error(keyword, value, shape);
  add(here, wrong_container);
  if (!wrong_container.empty()) return;
  if (shape == Shape::name_list_map || shape == Shape::dependency_map) {
    for (const auto& [key, names] : value.items()) {
      if (shape == Shape::dependency_map && !names.is_array()) continue;
      if (!is_name_list(names)) {
        add(here + "/" + escape_token(key), "must map to lists of different strings");
      }
    }
  }
}

}  // namespace opsroom::schema

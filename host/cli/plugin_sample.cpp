#include "cli/plugin_sample.hpp"

#include "base/failure.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace opsroom::cli {
namespace {

Json sample_value(const Json& schema);

std::string type_of(const Json& schema) {
  const Json type = schema.value("type", Json("object"));
  if (type.is_string()) return type.get<std::string>();
  return type.is_array() && !type.empty() && type[0].is_string() ? type[0].get<std::string>() : "";
}

std::string sample_text(const Json& schema) {
  static const std::map<std::string, std::string> formats{
      {"date-time", "2024-01-01T00:00:00Z"},
      {"date", "2024-01-01"},
      {"time", "00:00:00Z"},
      {"uri", "https://example.com/"},
      {"email", "a@example.com"},
      {"uuid", "00000000-0000-4000-8000-000000000000"},
  };
  const auto found = formats.find(schema.value("format", ""));
  if (found != formats.end()) return found->second;
  return std::string(std::max<std::size_t>(1, schema.value("minLength", std::size_t{1})), 'x');
}

Json sample_number(const Json& schema) {
  if (schema.contains("minimum") && schema["minimum"] > 1) return schema["minimum"];
  if (schema.contains("maximum") && schema["maximum"] < 1) return schema["maximum"];
  return 1;
}

Json sample_object(const Json& schema) {
  Json made = Json::object();
  const Json properties = schema.value("properties", Json::object());
  for (const Json& name : schema.value("required", Json::array()))
    made[name.get<std::string>()] =
        sample_value(properties.value(name.get<std::string>(), Json::object()));
  return made;
}

Json sample_value(const Json& schema) {
  if (!schema.is_object()) return "x";
  for (const char* keyword : {"default", "const"})
    if (schema.contains(keyword)) return schema[keyword];
  if (schema.contains("enum") && !schema["enum"].empty()) return schema["enum"][0];
  for (const char* keyword : {"anyOf", "oneOf"})
    if (schema.contains(keyword) && !schema[keyword].empty())
      return sample_value(schema[keyword][0]);
  const std::string type = type_of(schema);
  if (type == "string") return sample_text(schema);
  if (type == "integer" || type == "number") return sample_number(schema);
  if (type == "boolean") return false;
  if (type == "null") return nullptr;
  if (type != "array") return sample_object(schema);
  Json list = Json::array();
  while (list.size() < schema.value("minItems", std::size_t{0}))
    list.push_back(sample_value(schema.value("items", Json::object())));
  return list;
}

bool fits(const Json& schema, const Json& value) try {
  return opsroom::schema::Validator(schema).validate(value).empty();
} catch (const Failure&) {
  return false;  // a schema that is wrong is told of elsewhere
}

void look_at_properties(
    const Json& schema, const std::string& at, std::vector<std::string>& texts
) {
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, property] : properties.items()) {
    if (!property.is_object()) continue;
    const std::string here = at + "/" + name;
    if (property.value("description", "").empty()) texts.push_back("does not describe " + here);
    if (property.contains("default") && !fits(property, property["default"]))
      texts.push_back("has a default that does not fit: " + here);
    look_at_properties(property, here, texts);
  }
}

}  // namespace

bool harmless(const Json& tool) {
  const Json hints = tool.value("annotations", Json::object());
  return hints.value("readOnlyHint", false) && !hints.value("openWorldHint", true);
}

std::optional<Json> sample_arguments(const Json& schema) {
  if (!schema.is_object()) return std::nullopt;
  Json made = sample_object(schema);
  if (!fits(schema, made)) return std::nullopt;
  return made;
}

std::optional<Json> misfit(const Json& schema) {
  if (!schema.is_object()) return std::nullopt;
  const std::vector<Json> tries{Json::object(), Json{{"opsroom_no_such_argument", Json::array()}}};
  for (const Json& each : tries)
    if (opsroom::schema::Validator::check_schema(schema).empty() && !fits(schema, each))
      return each;
  return std::nullopt;
}

std::vector<std::string> entry_findings(const Json& tool) {
  std::vector<std::string> texts;
  if (tool.value("description", "").empty()) texts.push_back("has no description");
  look_at_properties(tool.value("inputSchema", Json::object()), "", texts);
  const Json hints = tool.value("annotations", Json::object());
  std::string missing;
  for (const char* hint : {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
    if (!hints.contains(hint)) missing += (missing.empty() ? "" : ", ") + std::string(hint);
  if (!missing.empty()) texts.push_back("does not say its " + missing);
  for (std::string& text : texts)
    text = fmt::format("{} {}", tool.value("name", ""), text);
  return texts;
}

}  // namespace opsroom::cli

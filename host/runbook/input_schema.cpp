#include "base/text.hpp"
#include "runbook/plan_parts.hpp"
#include "schema/uri.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>

#include <set>

namespace opsroom::runbook {
namespace {

const std::vector<std::string>& type_names() {
  static const std::vector<std::string> names = {
      "string", "integer", "number", "boolean", "array", "object", "null"
  };
  return names;
}

/// A whole JSON Schema, as opposed to a list of input names.
bool is_schema_form(const Json& inputs) {
  const auto type = inputs.find("type");
  if (type != inputs.end() && *type == "object") return true;
  const auto properties = inputs.find("properties");
  return properties != inputs.end() && properties->is_object() && !properties->contains("type");
}

/// Reads `inputs: { version: string, count: { type: integer, default: 1 } }`.
class Shorthand {
 public:
  Shorthand(const SourceText& source, Report& report) : source_(source), report_(report) {}

  Json schema(const Json& inputs) {
    Json schema = no_inputs();
    Json required = Json::array();
    for (const auto& [name, input] : inputs.items()) {
      bool optional = false;
      schema["properties"][name] =
          property(input, "/inputs/" + schema::escape_token(name), optional);
      if (!optional) required.push_back(name);
    }
    if (!required.empty()) schema["required"] = required;
    return schema;
  }

 private:
  Json property(const Json& input, const std::string& pointer, bool& optional) {
    if (input.is_object()) {
      optional = input.contains("default");
      return input;
    }
    if (!input.is_string()) {
      report_.add(
          source_.value_mark(pointer),
          fmt::format(
              "an input is a type (string, integer, ...) or a JSON Schema, not {}", json_type(input)
          )
      );
      return Json::object();
    }
    std::string type = input.get<std::string>();
    if (type.ends_with('?')) {
      optional = true;
      type.pop_back();
    }
    check_type(type, pointer);
    return {{"type", type}};
  }

  void check_type(const std::string& type, const std::string& pointer) {
    const auto& known = type_names();
    if (std::find(known.begin(), known.end(), type) != known.end()) return;
    std::string text = fmt::format("\"{}\" is not a type", type);
    if (const auto near = nearest(type, known)) {
      text += fmt::format("; did you mean \"{}\"?", *near);
    } else {
      text += "; there are " + listing(known);
    }
    report_.add(source_.value_mark(pointer), text);
  }

  const SourceText& source_;
  Report& report_;
};

void report_schema_problems(
    const Json& schema, bool shorthand, const SourceText& source, Report& report
) {
  for (const schema::Problem& problem : schema::Validator::check_schema(schema)) {
    std::string below = problem.pointer;
    constexpr std::string_view properties = "/properties";
    if (shorthand && below.starts_with(properties)) below = below.substr(properties.size());
    const Mark mark = source.value_mark("/inputs" + below);
    report.add(mark, fmt::format("inputs{}: {}", problem.pointer, problem.message));
  }
}

void check_defaults(const Json& schema, bool shorthand, const SourceText& source, Report& report) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return;
  for (const auto& [name, property] : properties->items()) {
    if (!property.is_object() || !property.contains("default")) continue;
    // In place, so that references from the property to the rest of the schema still lead
    // somewhere.
    Json probe = schema;
    probe.erase("required");
    probe.erase("minProperties");
    const Json value = {{name, property["default"]}};
    for (const auto& problem : schema::Validator(probe).validate(value)) {
      if (problem.pointer.empty()) continue;
      const std::string pointer = "/inputs" + std::string(shorthand ? "" : "/properties") + "/" +
                                  schema::escape_token(name) + "/default";
      report.add(
          source.value_mark(pointer),
          fmt::format("the default of input \"{}\" does not fit: {}", name, problem.message)
      );
    }
  }
}

}  // namespace

Json read_inputs(const SourceText& source, Report& report) {
  const auto found = source.value.find("inputs");
  if (found == source.value.end() || found->is_null()) return no_inputs();
  if (!found->is_object()) {
    report.add(
        source.value_mark("/inputs"),
        fmt::format("inputs: expected a JSON Schema or a list of names, got {}", json_type(*found))
    );
    return no_inputs();
  }
  const bool shorthand = !is_schema_form(*found);
  const std::size_t before = report.size();
  Json schema = shorthand ? Shorthand(source, report).schema(*found) : *found;
  if (!schema.contains("type")) schema["type"] = "object";
  if (schema["type"] != "object") {
    report.add(source.value_mark("/inputs/type"), "inputs: the schema has to be of type object");
    return no_inputs();
  }
  if (report.size() > before) return schema;
  const bool sound = schema::Validator::check_schema(schema).empty();
  if (!sound) {
    report_schema_problems(schema, shorthand, source, report);
    return schema;
  }
  check_defaults(schema, shorthand, source, report);
  return schema;
}

}  // namespace opsroom::runbook

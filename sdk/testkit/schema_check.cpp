#include "../tool/char_set.hpp"

#include <algorithm>
#include <functional>
#include <opsroom/testkit.hpp>
#include <set>

namespace opsroom::testkit {
namespace {

/// What a reference within its own document ("#/$defs/Node") means; null when nothing.
const json* definition(const json& root, const std::string& reference) try {
  if (!reference.starts_with('#')) return nullptr;
  const json::json_pointer pointer(reference.substr(1));
  return root.contains(pointer) ? &root.at(pointer) : nullptr;
} catch (const json::exception&) {
  return nullptr;
}

/// One walk over a value beside its schema.
class Walk {
 public:
  /// References are looked up in `root`, which outlives the walk.
  explicit Walk(const json& root) : root_(root) {}

  std::vector<std::string> problems;

  void check(const json& schema, const json& value, const std::string& at) {
    if (!schema.is_object()) return;
    if (schema.contains("$ref")) check_reference(schema["$ref"], value, at);
    if (schema.contains("type") && !has_type(schema["type"], value))
      return say(at, "is no " + schema["type"].dump() + " but " + shown(value));
    if (schema.contains("const") && schema["const"] != value)
      say(at, "is not " + schema["const"].dump());
    if (schema.contains("enum") && !holds(schema["enum"], value))
      say(at, shown(value) + " is none of " + schema["enum"].dump());
    for (const char* keyword : {"anyOf", "oneOf"})
      if (schema.contains(keyword)) check_alternatives(schema[keyword], value, at);
    if (value.is_number()) check_range(schema, value.get<double>(), at);
    if (value.is_string())
      check_size(schema, tool::detail::code_points(value.get<std::string>()).size(), "Length", at);
    if (value.is_array()) check_array(schema, value, at);
    if (value.is_object()) check_object(schema, value, at);
  }

 private:
  static std::string shown(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60);
  }
  static bool holds(const json& list, const json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  static bool is(const std::string& type, const json& value) {
    if (type == "integer")
      return value.is_number_integer() ||
             (value.is_number_float() &&
              value.get<double>() ==
                  static_cast<double>(static_cast<long long>(value.get<double>())));
    if (type == "number") return value.is_number();
    return type == value.type_name();
  }

  static bool has_type(const json& type, const json& value) {
    if (type.is_string()) return is(type.get<std::string>(), value);
    return std::any_of(type.begin(), type.end(), [&](const json& each) {
      return is(each.get<std::string>(), value);
    });
  }

  void say(const std::string& at, const std::string& what) {
    problems.push_back((at.empty() ? "/" : at) + ": " + what);
  }

  void check_reference(const json& reference, const json& value, const std::string& at) {
    const std::string text = reference.is_string() ? reference.get<std::string>() : "";
    if (const json* meant = definition(root_, text))
      check(*meant, value, at);
    else
      say(at, "has a schema that refers to nothing here: " + text);
  }

  void check_alternatives(const json& list, const json& value, const std::string& at) {
    for (const json& each : list) {
      Walk inner(root_);
      inner.check(each, value, at);
      if (inner.problems.empty()) return;
    }
    say(at, shown(value) + " fits none of the alternatives");
  }

  void check_range(const json& schema, double value, const std::string& at) {
    const auto bound = [&](const char* key, auto wrong) {
      if (schema.contains(key) && wrong(value, schema[key].get<double>()))
        say(at, std::to_string(value) + " breaks " + key + " " + schema[key].dump());
    };
    bound("minimum", std::less<>());
    bound("maximum", std::greater<>());
    bound("exclusiveMinimum", std::less_equal<>());
    bound("exclusiveMaximum", std::greater_equal<>());
  }

  void check_size(
      const json& schema, std::size_t size, const std::string& what, const std::string& at
  ) {
    if (schema.contains("min" + what) && size < schema["min" + what].get<std::size_t>())
      say(at, "is shorter than min" + what);
    if (schema.contains("max" + what) && size > schema["max" + what].get<std::size_t>())
      say(at, "is longer than max" + what);
  }

  void check_array(const json& schema, const json& value, const std::string& at) {
    check_size(schema, value.size(), "Items", at);
    if (schema.value("uniqueItems", false) &&
        std::set<json>(value.begin(), value.end()).size() != value.size())
      say(at, "holds an element twice");
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i)
      check(schema["items"], value[i], at + "/" + std::to_string(i));
  }

  void check_object(const json& schema, const json& value, const std::string& at) {
    check_size(schema, value.size(), "Properties", at);
    for (const json& name : schema.value("required", json::array()))
      if (!value.contains(name.get<std::string>()))
        say(at + "/" + name.get<std::string>(), "is missing");
    const json properties = schema.value("properties", json::object());
    const json others = schema.value("additionalProperties", json(true));
    for (const auto& [key, each] : value.items()) {
      if (properties.contains(key))
        check(properties[key], each, at + "/" + key);
      else if (others == false)
        say(at + "/" + key, "is not known");
      else
        check(others, each, at + "/" + key);
    }
  }

  const json& root_;
};

/// Collects what is wrong with one tool's entry.
class Entry {
 public:
  Entry(const json& tool, std::vector<std::string>& into)
      : name_(tool.value("name", "(no name)")), into_(into) {
    if (tool.value("description", "").empty()) say("has no description");
    const json schema = tool.value("inputSchema", json());
    if (schema.is_object() && schema.value("type", "") == "object")
      check_input(schema);
    else
      say("has no inputSchema of type object");
    if (tool.contains("outputSchema") && tool["outputSchema"].value("type", "") != "object")
      say("has an outputSchema that is no object");
    check_hints(tool.value("annotations", json::object()));
  }

 private:
  void say(const std::string& what) { into_.push_back("tool " + name_ + " " + what); }

  void check_input(const json& schema) {
    root_ = &schema;
    check_properties(schema, "");
    const json defs = schema.value("$defs", json::object());
    for (const auto& [name, defined] : defs.items())
      check_properties(defined, "/$defs/" + name);
  }

  void check_properties(const json& schema, const std::string& at) {
    const json properties = schema.value("properties", json::object());
    for (const json& name : schema.value("required", json::array()))
      if (!properties.contains(name.get<std::string>()))
        say("requires " + at + "/" + name.get<std::string>() + ", which is no property");
    for (const auto& [key, property] : properties.items()) {
      const std::string here = at + "/" + key;
      if (property.value("description", "").empty()) say("does not describe " + here);
      if (property.contains("default")) check_default(property, here);
      check_properties(property, here);
      if (property.contains("items")) check_properties(property["items"], here + "/*");
    }
  }

  void check_default(const json& property, const std::string& at) {
    Walk walk(*root_);
    walk.check(property, property["default"], "");
    for (const std::string& problem : walk.problems)
      say("has a default that does not fit: " + at + " " + problem);
  }

  void check_hints(const json& hints) {
    for (const char* hint : {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
      if (!hints.contains(hint) || !hints[hint].is_boolean()) say(std::string("lacks ") + hint);
    if (hints.value("readOnlyHint", false) && hints.value("destructiveHint", false))
      say("says it is read-only and destructive at once");
  }

  std::string name_;
  std::vector<std::string>& into_;
  const json* root_ = nullptr;  ///< of the inputSchema that is looked at
};

}  // namespace

std::vector<std::string> schema_problems(const json& schema, const json& value) {
  Walk walk(schema);
  walk.check(schema, value, "");
  return walk.problems;
}

std::vector<std::string> Tool::manifest_problems() {
  std::vector<std::string> found;
  const json shown = manifest();
  std::set<std::string> names;
  for (const json& tool : shown.value("tools", json::array())) {
    if (!names.insert(tool.value("name", "")).second)
      found.push_back("two tools are called " + tool.value("name", ""));
    Entry(tool, found);
  }
  return found;
}

}  // namespace opsroom::testkit

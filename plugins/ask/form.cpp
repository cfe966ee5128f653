#include "form.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <string_view>

namespace opsroom::plugins::ask {
namespace {

using tool::BadArguments;
using Keys = std::initializer_list<std::string_view>;

constexpr std::size_t most_fields = 50;

std::string below(const std::string& pointer, const std::string& key) {
  return tool::detail::child(pointer, key);
}

std::string listed(Keys keys) {
  std::string text;
  for (const auto key : keys)
    text += (text.empty() ? "" : ", ") + std::string(key);
  return text;
}

void only(const json& schema, Keys allowed, const std::string& pointer) {
  for (const auto& [key, ignored] : schema.items())
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end())
      throw BadArguments(
          below(pointer, key), "is nothing that a form can show; here it takes " + listed(allowed)
      );
}

void is_text_where_given(const json& schema, Keys keys, const std::string& pointer) {
  for (const auto key : keys)
    if (const auto found = schema.find(key); found != schema.end() && !found->is_string())
      throw BadArguments(below(pointer, std::string(key)), "must be a text");
}

void is_number_where_given(const json& schema, Keys keys, const std::string& pointer) {
  for (const auto key : keys)
    if (const auto found = schema.find(key); found != schema.end() && !found->is_number())
      throw BadArguments(below(pointer, std::string(key)), "must be a number");
}

/// Two limits of a field that some answer can fit.
void check_limits(
    const json& schema, std::string_view low, std::string_view high, const std::string& pointer
) {
  is_number_where_given(schema, {low, high}, pointer);
  const auto from = schema.find(low);
  const auto to = schema.find(high);
  if (from != schema.end() && to != schema.end() && *from > *to)
    throw BadArguments(
        below(pointer, std::string(low)),
        "must not be above " + std::string(high) + ": no answer would fit"
    );
}

bool is_count(const json& value) {
  constexpr double most = 1e9;
  const double number = value.is_number() ? value.get<double>() : -1;
  return number >= 0 && number <= most && std::trunc(number) == number;
}

/// The same for numbers of things.
void check_counts(
    const json& schema, std::string_view low, std::string_view high, const std::string& pointer
) {
  for (const std::string_view key : {low, high})
    if (const auto found = schema.find(key); found != schema.end() && !is_count(*found))
      throw BadArguments(below(pointer, std::string(key)), "must be a whole number, at least 0");
  check_limits(schema, low, high, pointer);
}

void check_texts(const json& list, const std::string& pointer) {
  if (!list.is_array() || list.empty())
    throw BadArguments(pointer, "must be a list of at least one text");
  std::set<json> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string here = pointer + "/" + std::to_string(i);
    if (!list[i].is_string()) throw BadArguments(here, "must be a text");
    if (!seen.insert(list[i]).second) throw BadArguments(here, "stands there twice");
  }
}

void check_titled(const json& list, const std::string& pointer) {
  if (!list.is_array() || list.empty())
    throw BadArguments(pointer, "must be a list of at least one {\"const\", \"title\"}");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string here = pointer + "/" + std::to_string(i);
    const json& each = list[i];
    if (!each.is_object() || !each.contains("const") || !each.contains("title"))
      throw BadArguments(here, "must be {\"const\": value, \"title\": what people read}");
    only(each, {"const", "title"}, here);
    is_text_where_given(each, {"const", "title"}, here);
  }
}

void check_text_field(const json& schema, const std::string& pointer) {
  if (schema.contains("enum")) {
    only(schema, {"type", "title", "description", "default", "enum", "enumNames"}, pointer);
    check_texts(schema["enum"], below(pointer, "enum"));
    if (schema.contains("enumNames")) check_texts(schema["enumNames"], below(pointer, "enumNames"));
  } else if (schema.contains("oneOf")) {
    only(schema, {"type", "title", "description", "default", "oneOf"}, pointer);
    check_titled(schema["oneOf"], below(pointer, "oneOf"));
  } else {
    only(
        schema,
        {"type", "title", "description", "default", "minLength", "maxLength", "format"},
        pointer
    );
    check_counts(schema, "minLength", "maxLength", pointer);
    static const std::set<json> formats{"date", "date-time", "email", "uri"};
    if (schema.contains("format") && !formats.contains(schema["format"]))
      throw BadArguments(below(pointer, "format"), "must be one of date, date-time, email, uri");
  }
}

void check_list_field(const json& schema, const std::string& pointer) {
  only(
      schema, {"type", "title", "description", "default", "items", "minItems", "maxItems"}, pointer
  );
  check_counts(schema, "minItems", "maxItems", pointer);
  const std::string here = below(pointer, "items");
  const json items = schema.value("items", json());
  if (!items.is_object())
    throw BadArguments(here, "must name the options: {\"type\": \"string\", \"enum\": [...]}");
  if (items.contains("anyOf")) {
    only(items, {"type", "anyOf"}, here);
    return check_titled(items["anyOf"], below(here, "anyOf"));
  }
  only(items, {"type", "enum"}, here);
  check_texts(items.value("enum", json()), below(here, "enum"));
}

std::vector<std::string> options_of(const json& schema) {
  std::vector<std::string> options;
  if (const auto plain = schema.find("enum"); plain != schema.end())
    for (const json& each : *plain)
      options.push_back(each.get<std::string>());
  for (const char* key : {"oneOf", "anyOf"})
    if (const auto titled = schema.find(key); titled != schema.end())
      for (const json& each : *titled)
        options.push_back(each.at("const").get<std::string>());
  return options;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::string problem_with_option(const json& schema, const json& value) {
  const auto options = options_of(schema);
  if (!value.is_string()) return "must be a text";
  const auto& text = value.get_ref<const std::string&>();
  if (options.empty() || std::find(options.begin(), options.end(), text) != options.end())
    return "";
  std::string all;
  for (const auto& option : options)
    all += (all.empty() ? "" : ", ") + option;
  return "must be one of " + all;
}

std::string problem_with_text(const json& schema, const json& value) {
  if (auto problem = problem_with_option(schema, value); !problem.empty()) return problem;
  const auto length = static_cast<double>(characters(value.get<std::string>()));
  if (length < schema.value("minLength", 0.0)) return "is too short";
  if (schema.contains("maxLength") && length > schema["maxLength"].get<double>())
    return "is too long";
  return "";
}

std::string problem_with_number(const json& schema, const json& value) {
  if (!value.is_number()) return "must be a number";
  const double number = value.get<double>();
  if (schema["type"] == "integer" && std::trunc(number) != number) return "must be a whole number";
  for (const char* key : {"minimum", "maximum"}) {
    if (!schema.contains(key)) continue;
    const double limit = schema[key].get<double>();
    const bool low = std::string_view(key) == "minimum";
    if (low ? number < limit : number > limit)
      return (low ? "must be at least " : "must be at most ") + schema[key].dump();
  }
  return "";
}

std::string problem_with_list(const json& schema, const json& value) {
  if (!value.is_array()) return "must be a list";
  const auto count = static_cast<double>(value.size());
  if (count < schema.value("minItems", 0.0)) return "has too few entries";
  if (schema.contains("maxItems") && count > schema["maxItems"].get<double>())
    return "has too many entries";
  for (const json& each : value)
    if (auto problem = problem_with_option(schema["items"], each); !problem.empty()) return problem;
  return "";
}

std::string problem_with(const json& schema, const json& value) {
  const auto& type = schema["type"].get_ref<const std::string&>();
  if (type == "string") return problem_with_text(schema, value);
  if (type == "boolean") return value.is_boolean() ? "" : "must be true or false";
  if (type == "array") return problem_with_list(schema, value);
  return problem_with_number(schema, value);
}

void check_field(const json& schema, const std::string& pointer) {
  if (!schema.is_object() || !schema.contains("type"))
    throw BadArguments(
        pointer, "must say its type: string, number, integer, boolean, or array of options"
    );
  is_text_where_given(schema, {"title", "description"}, pointer);
  const json& type = schema["type"];
  if (type == "string") {
    check_text_field(schema, pointer);
  } else if (type == "boolean") {
    only(schema, {"type", "title", "description", "default"}, pointer);
  } else if (type == "number" || type == "integer") {
    only(schema, {"type", "title", "description", "default", "minimum", "maximum"}, pointer);
    check_limits(schema, "minimum", "maximum", pointer);
  } else if (type == "array") {
    check_list_field(schema, pointer);
  } else {
    throw BadArguments(
        below(pointer, "type"),
        "must be string, number, integer, boolean or array: a form is flat, got " + type.dump()
    );
  }
  if (!schema.contains("default")) return;
  if (const auto problem = problem_with(schema, schema["default"]); !problem.empty())
    throw BadArguments(below(pointer, "default"), problem);
}

void check_required(const json& form) {
  if (!form.contains("required")) return;
  const json& required = form["required"];
  if (!required.is_array()) throw BadArguments("/form/required", "must be a list of fields");
  for (std::size_t i = 0; i < required.size(); ++i)
    if (!required[i].is_string() || !form["properties"].contains(required[i].get<std::string>()))
      throw BadArguments(
          "/form/required/" + std::to_string(i), "must name a field of /form/properties"
      );
}

}  // namespace

json checked_form(json form) {
  if (!form.is_object()) throw BadArguments("/form", "must be an object with \"properties\"");
  if (!form.contains("type")) form["type"] = "object";
  if (form["type"] != "object") throw BadArguments("/form/type", "must be \"object\"");
  only(form, {"$schema", "type", "properties", "required"}, "/form");
  const json fields = form.value("properties", json());
  if (!fields.is_object() || fields.empty())
    throw BadArguments("/form/properties", "must be an object of at least one field");
  if (fields.size() > most_fields)
    throw BadArguments(
        "/form/properties", "may have " + std::to_string(most_fields) + " fields at most"
    );
  for (const auto& [name, schema] : fields.items()) {
    if (name.empty()) throw BadArguments("/form/properties/", "must have a name");
    check_field(schema, below("/form/properties", name));
  }
  check_required(form);
  return form;
}

json checked_content(const json& form, json content) {
  if (content.is_null()) content = json::object();
  if (!content.is_object()) throw std::runtime_error("the answer is no object of fields");
  const json& fields = form.at("properties");
  std::string problems;
  const auto complain = [&](const std::string& name, const std::string& problem) {
    problems += (problems.empty() ? "" : "; ") + name + " " + problem;
  };
  for (const auto& [name, schema] : fields.items()) {
    if (!content.contains(name) && schema.contains("default")) content[name] = schema["default"];
    if (!content.contains(name)) continue;
    if (const auto problem = problem_with(schema, content[name]); !problem.empty())
      complain(name, problem);
  }
  for (const json& name : form.value("required", json::array()))
    if (!content.contains(name.get<std::string>())) complain(name, "is missing");
  for (const auto& [name, ignored] : content.items())
    if (!fields.contains(name)) complain(name, "was not asked for");
  if (!problems.empty()) throw std::runtime_error("the answer does not fit the form: " + problems);
  return content;
}

}  // namespace opsroom::plugins::ask

#include "runbook/inputs.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "schema/uri.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_file = 16u << 20;

const Json& properties_of(const Plan& plan) {
  static const Json none = Json::object();
  const auto found = plan.inputs.find("properties");
  return found != plan.inputs.end() && found->is_object() ? *found : none;
}

std::vector<std::string> input_names(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, schema] : properties_of(plan).items())
    names.push_back(name);
  return names;
}

/// Whether the schema says on purpose that other names are welcome.
bool takes_others(const Plan& plan) {
  const auto additional = plan.inputs.find("additionalProperties");
  if (additional != plan.inputs.end()) return *additional != false;
  for (const char* key :
       {"patternProperties", "$ref", "allOf", "anyOf", "oneOf", "unevaluatedProperties"}) {
    if (plan.inputs.contains(key)) return true;
  }
  return false;
}

std::string unknown_input(const Plan& plan, const std::string& name) {
  const auto known = input_names(plan);
  std::string text = fmt::format("unknown input \"{}\"", name);
  if (const auto near = nearest(name, known))
    return text + fmt::format("; did you mean \"{}\"?", *near);
  return text + (known.empty() ? "; the runbook takes none" : "; there are " + listing(known, 12));
}

std::string described(const Json& schema) {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (!schema.is_object()) return text;
  if (schema.contains("type")) {
    add(schema["type"].is_string() ? schema["type"].get<std::string>() : dump(schema["type"]));
  }
  if (schema.contains("enum")) add("one of " + dump(schema["enum"]));
  if (schema.contains("description") && schema["description"].is_string()) {
    add(schema["description"].get<std::string>());
  }
  return text.empty() ? "" : " (" + text + ")";
}

/// The input and the place below it that a problem is about: "/target/0" is "target" and "/0".
std::pair<std::string, std::string> owner_of(const std::string& pointer) {
  const std::size_t slash = std::min(pointer.find('/', 1), pointer.size());
  return {
      schema::unescape_token(std::string_view(pointer).substr(1, slash - 1)), pointer.substr(slash)
  };
}

/// Gathers what is wrong with the inputs of a runbook, and the options that would mend it.
class Complaints {
 public:
  explicit Complaints(const Plan& plan) : plan_(plan) {}

  void add(std::string text, const std::string& name = {}) {
    texts_.push_back(std::move(text));
    if (!name.empty() && std::find(names_.begin(), names_.end(), name) == names_.end()) {
      names_.push_back(name);
    }
  }

  void throw_if_any() const {
    if (texts_.empty()) return;
    std::string message = fmt::format("runbook {}: ", plan_.name);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      message += (i == 0 ? "" : "; ") + texts_[i];
    throw Failure(Code::invalid, message, hint());
  }

 private:
  std::string hint() const {
    if (names_.empty()) return "Give inputs as `--input name=value`.";
    std::string options;
    for (const std::string& name : names_)
      options += fmt::format(" --input {}=value", name);
    return fmt::format("Give `{}`.", options.substr(1));
  }

  const Plan& plan_;
  std::vector<std::string> texts_;
  std::vector<std::string> names_;
};

void complain_of_unknown(const Plan& plan, const Json& given, Complaints& complaints) {
  if (takes_others(plan)) return;
  for (const auto& [name, value] : given.items()) {
    if (!properties_of(plan).contains(name)) complaints.add(unknown_input(plan, name));
  }
}

void complain_of_missing(const Plan& plan, const Json& inputs, Complaints& complaints) {
  const auto required = plan.inputs.find("required");
  if (required == plan.inputs.end()) return;
  for (const Json& entry : *required) {
    const std::string name = entry.get<std::string>();
    if (inputs.contains(name)) continue;
    const Json schema = properties_of(plan).value(name, Json::object());
    complaints.add(fmt::format("input \"{}\" is missing{}", name, described(schema)), name);
  }
}

void complain_of_wrong(const Plan& plan, const Json& inputs, Complaints& complaints) {
  for (const schema::Problem& problem : schema::Validator(plan.inputs).validate(inputs)) {
    const bool own_words = problem.pointer.empty() && problem.keyword == "required";
    if (own_words) continue;
    if (problem.pointer.empty()) {
      complaints.add("the inputs: " + problem.message);
      continue;
    }
    const auto [name, below] = owner_of(problem.pointer);
    if (problem.keyword == "additionalProperties" && below.empty()) continue;
    complaints.add(
        fmt::format(
            "input \"{}\"{}: {}", name, below.empty() ? "" : " at " + below, problem.message
        ),
        name
    );
  }
}

// --- texts from the command line ---------------------------------------------------------------

bool allows(const Json& schema, const char* type) {
  const auto found = schema.find("type");
  if (found == schema.end()) return false;
  if (!found->is_array()) return *found == type;
  return std::find(found->begin(), found->end(), Json(type)) != found->end();
}

std::optional<Json> parsed(const std::string& text) {
  if (!Json::accept(text)) return std::nullopt;
  return parse_json(text, "the value");
}

std::optional<Json> integer_in(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Json(value);
}

std::string trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

/// What the text can be read as, by the types its schema allows, the strictest first.
std::optional<Json> typed_by(const Json& schema, const std::string& original) {
  const std::string text = trimmed(original);
  if (allows(schema, "null") && text == "null") return Json(nullptr);
  if (allows(schema, "boolean") && (text == "true" || text == "false")) return Json(text == "true");
  if (allows(schema, "integer")) {
    if (auto value = integer_in(text)) return value;
  }
  const auto json = parsed(text);
  if (!json) return std::nullopt;
  if (json->is_number() && (allows(schema, "number") || allows(schema, "integer"))) return json;
  if (json->is_object() && allows(schema, "object")) return json;
  if (json->is_array() && allows(schema, "array")) return json;
  return std::nullopt;
}

std::string allowed_types(const Json& schema) {
  const Json& type = schema["type"];
  if (type.is_string()) return type.get<std::string>();
  std::vector<std::string> names;
  for (const Json& name : type)
    names.push_back(name.get<std::string>());
  return listing(names);
}

Json untyped(const Json& schema, const std::string& text) {
  // Without a type, the constants the schema names say what is meant by 5: the number or the text.
  const auto value = parsed(text);
  if (!value || !schema.is_object()) return text;
  const Json constants = schema.contains("const") ? Json::array({schema["const"]})
                                                  : schema.value("enum", Json::array());
  const bool named = std::find(constants.begin(), constants.end(), *value) != constants.end();
  return named ? *value : Json(text);
}

/// The property's own schema, through local references.
Json property_schema(const Plan& plan, const std::string& name) {
  Json schema = properties_of(plan).value(name, Json::object());
  for (int hops = 0; hops < 8 && schema.is_object() && schema.contains("$ref"); ++hops) {
    const Json reference = schema["$ref"];
    const auto [uri, fragment] = schema::split_fragment(reference.get<std::string>());
    if (!uri.empty() || (!fragment.empty() && fragment[0] != '/')) break;
    const Json::json_pointer pointer(fragment);
    if (!plan.inputs.contains(pointer)) break;
    schema = Json(plan.inputs.at(pointer));
  }
  return schema;
}

std::string content_of(const std::string& name, const std::string& value) {
  if (value.starts_with("@@")) return value.substr(1);
  if (!value.starts_with('@')) return value;
  const std::string content = read_file(value.substr(1), max_file);
  if (printable_utf8(content) == content) return content;
  throw Failure(
      Code::invalid,
      fmt::format("input \"{}\": the file {} is not UTF-8 text", name, value.substr(1)),
      "Pass the path of the file as an input instead of its content."
  );
}

}  // namespace

Json fill_inputs(const Plan& plan, const Json& given) {
  if (!given.is_object() && !given.is_null()) {
    throw Failure(
        Code::invalid,
        fmt::format(
            "runbook {}: the inputs have to be an object, not {}", plan.name, json_type(given)
        )
    );
  }
  const Json inputs = schema::with_defaults(plan.inputs, given.is_null() ? Json::object() : given);
  Complaints complaints(plan);
  complain_of_unknown(plan, inputs, complaints);
  complain_of_missing(plan, inputs, complaints);
  complain_of_wrong(plan, inputs, complaints);
  complaints.throw_if_any();
  return inputs;
}

Json typed_input(const std::string& name, const Json& schema, const std::string& text) {
  if (!schema.is_object() || !schema.contains("type")) return untyped(schema, text);
  if (auto value = typed_by(schema, text)) return *value;
  if (allows(schema, "string")) return text;
  throw Failure(
      Code::invalid,
      fmt::format(
          "input \"{}\": expected {}, got \"{}\"", name, allowed_types(schema), text.substr(0, 80)
      ),
      fmt::format("Give `--input {}=value`; arrays and objects are written as JSON.", name)
  );
}

Json parse_input_values(const Plan& plan, const std::vector<std::string>& key_values) {
  Json inputs = Json::object();
  for (const std::string& word : key_values) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Failure(
          Code::invalid,
          fmt::format("\"{}\" is not an input", word),
          "Write `--input name=value`, or `--input name=@file` for the content of a file."
      );
    }
    const std::string name = word.substr(0, equals);
    if (inputs.contains(name)) {
      throw Failure(
          Code::invalid,
          fmt::format("input \"{}\" is given twice", name),
          fmt::format("For a list, give JSON once: `--input '{}=[\"a\", \"b\"]'`.", name)
      );
    }
    if (!properties_of(plan).contains(name) && !takes_others(plan)) {
      throw Failure(
          Code::invalid,
          fmt::format("runbook {}: {}", plan.name, unknown_input(plan, name)),
          "Give inputs as `--input name=value`."
      );
    }
    inputs[name] =
        typed_input(name, property_schema(plan, name), content_of(name, word.substr(equals + 1)));
  }
  return inputs;
}

}  // namespace opsroom::runbook

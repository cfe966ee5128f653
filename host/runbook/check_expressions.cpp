#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/expression_text.hpp"
#include "runbook/lua_sandbox.hpp"
#include "runbook/plan_parts.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::runbook {
namespace {

const std::vector<std::string>& scope_names() {
  static const std::vector<std::string> names = {"inputs", "lane", "run", "session", "steps"};
  return names;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Inputs a schema names; none when it also allows others.
std::optional<std::vector<std::string>> closed_input_names(const Json& schema) {
  const bool open =
      schema.contains("patternProperties") || schema.contains("$ref") || schema.contains("allOf") ||
      (schema.contains("additionalProperties") && schema["additionalProperties"] != false);
  if (open) return std::nullopt;
  std::vector<std::string> names;
  if (!schema.contains("properties")) return names;
  for (const auto& [name, property] : schema["properties"].items())
    names.push_back(name);
  return names;
}

class Checker {
 public:
  Checker(
      const Json& inputs,
      const std::vector<std::string>& earlier,
      const SourceText& source,
      Report& report
  )
      : input_names_(closed_input_names(inputs)),
        earlier_(earlier),
        source_(source),
        report_(report) {}

  void walk(const Json& value, const std::string& pointer) {
    if (value.is_string()) {
      text(value.get_ref<const std::string&>(), source_.value_mark(pointer));
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i)
        walk(value[i], fmt::format("{}/{}", pointer, i));
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.items()) {
        walk(member, pointer + "/" + schema::escape_token(key));
      }
    }
  }

 private:
  void text(const std::string& text, Mark mark) {
    try {
      for (const Expression& expression : find_expressions(text))
        check(expression.source, mark);
    } catch (const Failure& failure) {
      report_.add(mark, fmt::format("{} {}", failure.message(), failure.hint()));
    }
  }

  void check(const std::string& source, Mark mark) {
    const auto add = [&](const std::string& why) {
      report_.add(mark, fmt::format("${{{{ {} }}}}: {}", source, why));
    };
    if (const std::string error = syntax_error(source); !error.empty()) {
      add(error);
      return;
    }
    for (const Reference& reference : references(source)) {
      if (const std::string error = reference_error(reference); !error.empty()) add(error);
    }
  }

  static std::string unknown(
      const std::string& what, const std::string& name, const std::vector<std::string>& known
  ) {
    std::string text = fmt::format("unknown {} \"{}\"", what, name);
    if (const auto near = nearest(name, known)) {
      text += fmt::format("; did you mean \"{}\"?", *near);
    } else {
      text += known.empty() ? "; there is none" : "; there are " + listing(known, 12);
    }
    return text;
  }

  std::string reference_error(const Reference& reference) const {
    if (!contains(scope_names(), reference.root)) {
      if (contains(lua_library_names(), reference.root)) return {};
      return unknown("name", reference.root, scope_names());
    }
    if (reference.member.empty()) return {};
    if (reference.root == "inputs" && input_names_ && !contains(*input_names_, reference.member)) {
      return unknown("input", reference.member, *input_names_);
    }
    if (reference.root == "steps" && !contains(earlier_, reference.member)) {
      return step_error(reference.member);
    }
    return {};
  }

  std::string step_error(const std::string& id) const {
    for (const std::string& known : earlier_) {
      if (!known.starts_with(id + "-")) continue;
      return fmt::format(
          "unknown step \"{}\"; an id with a dash is written steps[\"{}\"]", id, known
      );
    }
    return unknown("earlier step", id, earlier_);
  }

  std::optional<std::vector<std::string>> input_names_;
  const std::vector<std::string>& earlier_;
  const SourceText& source_;
  Report& report_;
};

}  // namespace

void check_expressions(
    const Json& with,
    const std::string& pointer,
    const Json& inputs,
    const std::vector<std::string>& earlier,
    const SourceText& source,
    Report& report
) {
  Checker(inputs, earlier, source, report).walk(with, pointer);
}

}  // namespace opsroom::runbook

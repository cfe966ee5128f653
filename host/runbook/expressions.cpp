#include "runbook/expressions.hpp"

#include "base/failure.hpp"
#include "runbook/expression_text.hpp"
#include "runbook/lua_sandbox.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_output = 32u << 20;

std::string as_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump(value);
}

/// Walks one `with` and replaces its expressions.
class Resolver {
 public:
  explicit Resolver(const Json& scope) : scope_(scope) {}

  Json value(const Json& json, const std::string& pointer) {
    if (json.is_string()) return text(json.get_ref<const std::string&>(), pointer);
    if (json.is_array()) {
      Json out = Json::array();
      for (const Json& item : json)
        out.push_back(value(item, fmt::format("{}/{}", pointer, out.size())));
      return out;
    }
    if (!json.is_object()) return json;
    Json out = Json::object();
    for (const auto& [key, member] : json.items()) {
      out[key] = value(member, pointer + "/" + schema::escape_token(key));
    }
    return out;
  }

 private:
  Json text(const std::string& template_text, const std::string& pointer) {
    const auto expressions = expressions_of(template_text, pointer);
    if (expressions.size() == 1 && expressions[0].begin == 0 &&
        expressions[0].end == template_text.size()) {
      return evaluate(expressions[0].source, pointer);
    }
    std::string out;
    std::size_t at = 0;
    for (const Expression& expression : expressions) {
      out += unescaped(std::string_view(template_text).substr(at, expression.begin - at));
      out += as_text(evaluate(expression.source, pointer));
      at = expression.end;
      weigh(out.size(), pointer);
    }
    return out + unescaped(std::string_view(template_text).substr(at));
  }

  std::vector<Expression> expressions_of(const std::string& text, const std::string& pointer)
      const {
    try {
      return find_expressions(text);
    } catch (const Failure& failure) {
      throw Failure(
          failure.code(), fmt::format("{}: {}", pointer, failure.message()), failure.hint()
      );
    }
  }

  Json evaluate(const std::string& source, const std::string& pointer) {
    try {
      return evaluate_lua(source, scope_);
    } catch (const Failure& failure) {
      throw Failure(
          failure.code(),
          fmt::format("{}: ${{{{ {} }}}}: {}", pointer, source, failure.message()),
          failure.hint()
      );
    }
  }

  void weigh(std::size_t size, const std::string& pointer) {
    if (size <= max_output) return;
    throw Failure(
        Code::exhausted,
        fmt::format("{}: the text becomes larger than {} MiB", pointer, max_output >> 20),
        "Pass large data through a file in the lane."
    );
  }

  const Json& scope_;
};

}  // namespace

Json resolve(const Json& with, const Json& scope) {
  return Resolver(scope).value(with, "");
}

std::string syntax_error(const std::string& source) {
  try {
    return lua_syntax_error(source);
  } catch (const Failure& failure) {
    return failure.message();
  }
}

}  // namespace opsroom::runbook

#pragma once
#include <nlohmann/json.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::plugins::templates {

using json = nlohmann::json;

/// Where something stands in a template; both count from 1, columns in bytes.
struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// A template that can't be read, or that wants what the data does not have. `what()` begins with
/// "line 3, column 7: ".
class TemplateError : public std::runtime_error {
 public:
  TemplateError(Place place, const std::string& reason)
      : std::runtime_error(
            "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) +
            ": " + reason
        ) {}
};

/// A path into the data (`user.mail`, `@index`), or a literal.
struct Operand {
  std::vector<std::string> path;  ///< empty: a literal
  json literal;
  bool may_lack = false;  ///< `name?`: missing counts as null
  Place place;
};

struct Filter {
  std::string name;
  json argument;  ///< null: none
  Place place;
};

/// What stands in `{{ }}`: an operand, compared with another one or sent through filters.
struct Expression {
  Operand value;
  std::string comparison;  ///< "==", "!=" or empty
  Operand other;
  std::vector<Filter> filters;
};

struct Node {
  enum class Kind { text, value, choice, each };

  Kind kind = Kind::text;
  Place place;
  std::string text;        ///< of a text; the loop variable's name of an each
  bool unescaped = false;  ///< `{{{ }}}`
  Expression expression;
  bool inverted = false;  ///< unless
  std::vector<Node> body;
  std::vector<Node> otherwise;  ///< after {{else}}
};

/// Throws TemplateError.
std::vector<Node> parse(std::string_view text);

}  // namespace opsroom::plugins::templates

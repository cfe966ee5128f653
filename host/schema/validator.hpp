#pragma once

#include "base/json.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::schema {

/// One thing wrong with a value, or with a schema.
struct Problem {
  std::string pointer;  ///< JSON Pointer to the value; empty for the whole document
  std::string message;  ///< a sentence without the pointer: "expected integer, got string"
  std::string keyword;  ///< the keyword that says so: "type", "required", ...; may be empty
};

/// What bounds a check. The defaults are for values and schemas that came from outside.
struct Options {
  /// Formats are notes for people unless this is set; then a format that this validator does not
  /// know how to check makes the schema refused.
  bool assert_formats = false;
  /// Nested applications of subschemas; a `$ref` that goes round without consuming input ends here.
  int max_depth = 400;
  /// Applications of subschemas, compared elements and regular-expression steps in one check.
  std::size_t max_work = 10'000'000;
  std::size_t max_problems = 50;
};

/// Checks values against one JSON Schema: 2020-12 (the default) or draft-07, chosen by `$schema`.
/// It never opens a file or a connection: a `$ref` that leads out of the document is refused by
/// name. Copies share the compiled schema; a const Validator may be used from several threads.
class Validator {
 public:
  /// Failure{invalid} lists what is wrong with the schema; Failure{unsupported} when it is of a
  /// dialect this validator does not know.
  explicit Validator(Json schema, Options options = {});

  /// Everything wrong with `value`; empty when it fits. A check that exceeds its bounds is a
  /// Problem too, never a silent pass.
  std::vector<Problem> validate(const Json& value) const;

  /// Everything wrong with `schema` itself, including references that cannot be resolved.
  static std::vector<Problem> check_schema(const Json& schema);

 private:
  class Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// Fills the `default`s of missing object properties, downwards through `properties`, `items`,
/// `allOf` and local `$ref`s. Alternatives (`anyOf`, `if`, ...) are left alone: which one applies
/// is not known before the value is complete.
Json with_defaults(const Json& schema, Json value);

/// "/a/b: expected ..." joined by "; " for one-line messages.
std::string to_text(const std::vector<Problem>& problems, std::size_t most = 5);

}  // namespace opsroom::schema

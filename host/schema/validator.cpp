#include "schema/validator.hpp"

#include "base/failure.hpp"
#include "schema/evaluate.hpp"

#include <fmt/format.h>

namespace opsroom::schema {

class Validator::Compiled {
 public:
  Compiled(Json schema, Options given)
      : document(std::move(schema), given.assert_formats), options(given) {}
  Document document;
  Options options;
};

Validator::Validator(Json schema, Options options)
    : compiled_(std::make_shared<const Compiled>(std::move(schema), options)) {
  const auto& problems = compiled_->document.problems();
  if (problems.empty()) return;
  throw Failure(
      Code::invalid,
      "the JSON Schema cannot be used: " + to_text(problems),
      "Correct the schema at these places."
  );
}

std::vector<Problem> Validator::validate(const Json& value) const {
  return Evaluation(compiled_->document, compiled_->options).run(value);
}

std::vector<Problem> Validator::check_schema(const Json& schema) {
  try {
    return Document(schema, false).problems();
  } catch (const Failure& failure) {
    return {{"/$schema", failure.message(), "$schema"}};
  }
}

std::string to_text(const std::vector<Problem>& problems, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < most; ++i) {
    const std::string& pointer = problems[i].pointer;
    text += fmt::format(
        "{}{}{}{}", i == 0 ? "" : "; ", pointer, pointer.empty() ? "" : ": ", problems[i].message
    );
  }
  if (problems.size() > most) text += fmt::format("; and {} more", problems.size() - most);
  return text;
}

}  // namespace opsroom::schema

#pragma once

#include "base/json.hpp"
#include "model/input.hpp"
#include "model/input_form.hpp"

#include <optional>
#include <string>
#include <vector>

namespace opsroom::cli {

/// What the words after `opsroom answer RUN` say, before it is known what is asked.
struct AnswerWords {
  std::optional<std::string> decision;  ///< retry, skip or fail
  std::optional<Json> content;          ///< a form's content as one JSON object
  std::vector<std::string> values;      ///< "name=value"
  bool empty() const { return !decision && !content && values.empty(); }
};

/// Failure{invalid} for a word that is none of these, and for words that contradict each other.
AnswerWords read_answer_words(const std::vector<std::string>& words);

/// One text as the field wants it: numbers, true or false, an option by value or by title, several
/// separated by commas (or a JSON array). Failure{invalid} names the field and what it takes.
Json parse_field(const FormField& field, const std::string& text);

/// The content that the words stand for; a name the form does not know is kept as text, since the
/// check of the whole names what there is.
Json parse_answer(const InputAsk& ask, const AnswerWords& words);

}  // namespace opsroom::cli

#include "cli/answer_words.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace opsroom::cli {
namespace {

using Kind = FormField::Kind;

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1));
}

std::string options_in_words(const FormField& field) {
  std::vector<std::string> words;
  for (const auto& option : field.options) {
    words.push_back(
        option.title == option.value ? option.value
                                     : fmt::format("{} ({})", option.value, option.title)
    );
  }
  return listing(words, 20);
}

[[noreturn]] void wrong(const FormField& field, const std::string& text, std::string_view takes) {
  throw Failure(
      Code::invalid, fmt::format("\"{}\": '{}' is not {}", field.name, text.substr(0, 80), takes)
  );
}

Json integer_of(const FormField& field, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    wrong(field, text, "a whole number");
  return value;
}

Json number_of(const FormField& field, const std::string& text) {
  const Json value = Json::parse(text, nullptr, false);
  if (!value.is_number()) wrong(field, text, "a number");
  return value;
}

Json boolean_of(const FormField& field, const std::string& text) {
  for (const char* word : {"true", "yes", "y"}) {
    if (text == word) return true;
  }
  for (const char* word : {"false", "no", "n"}) {
    if (text == word) return false;
  }
  wrong(field, text, "true or false");
}

/// Values win over titles: a title may be another option's value.
std::string option_of(const FormField& field, const std::string& text) {
  for (const auto& option : field.options) {
    if (option.value == text) return text;
  }
  for (const auto& option : field.options) {
    if (option.title == text) return option.value;
  }
  if (field.options.empty()) return text;
  wrong(field, text, "one of " + options_in_words(field));
}

Json options_of(const FormField& field, const std::string& text) {
  Json chosen = Json::array();
  if (text.starts_with('[')) {
    const Json list = Json::parse(text, nullptr, false);
    if (!list.is_array()) wrong(field, text, "a JSON array");
    return list;
  }
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string one = trimmed(std::string_view(text).substr(from, comma - from));
    if (!one.empty()) chosen.push_back(option_of(field, one));
    from = comma + 1;
  }
  return chosen;
}

Json read_content(const std::string& word) {
  Json content = parse_json(word, "the answer", 64);
  if (content.is_object()) return content;
  throw Failure(
      Code::invalid,
      fmt::format("the answer must be a JSON object, not {}", json_type(content)),
      "For example: '{\"name\": \"Ada\"}'."
  );
}

bool is_decision(const std::string& word) {
  return word == "retry" || word == "skip" || word == "fail";
}

void check_harmony(const AnswerWords& words, std::size_t count) {
  const bool one_way =
      (words.decision ? 1 : 0) + (words.content ? 1 : 0) + (words.values.empty() ? 0 : 1) <= 1;
  const bool once = !(words.decision || words.content) || count == 1;
  if (one_way && once) return;
  throw Failure(
      Code::invalid,
      "the words after the run contradict each other",
      "Give one of retry, skip, fail, or the fields as name=value, or one JSON object."
  );
}

}  // namespace

AnswerWords read_answer_words(const std::vector<std::string>& words) {
  AnswerWords read;
  for (const std::string& word : words) {
    if (word.starts_with('{')) {
      read.content = read_content(word);
    } else if (word.find('=') != std::string::npos && word.front() != '=') {
      read.values.push_back(word);
    } else if (is_decision(word)) {
      read.decision = word;
    } else {
      throw Failure(
          Code::invalid,
          fmt::format("'{}' is not an answer", word),
          "An interrupted step takes retry, skip or fail; a question takes name=value words or a "
          "JSON object. `opsroom answer RUN` alone shows what is asked."
      );
    }
  }
  check_harmony(read, words.size());
  return read;
}

Json parse_field(const FormField& field, const std::string& text) {
  if (field.kind == Kind::text) return text;
  const std::string bare = trimmed(text);
  switch (field.kind) {
    case Kind::integer:
      return integer_of(field, bare);
    case Kind::number:
      return number_of(field, bare);
    case Kind::boolean:
      return boolean_of(field, bare);
    case Kind::choice:
      return option_of(field, bare);
    default:
      return options_of(field, bare);
  }
}

Json parse_answer(const InputAsk& ask, const AnswerWords& words) {
  if (words.content) return *words.content;
  const auto fields = form_fields(ask);
  Json content = Json::object();
  for (const std::string& word : words.values) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string text = word.substr(equals + 1);
    if (content.contains(name)) {
      throw Failure(
          Code::invalid,
          fmt::format("\"{}\" is given twice", name),
          fmt::format("Several options go in one word: {}=a,b", name)
      );
    }
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const FormField& one) {
      return one.name == name;
    });
    content[name] = field == fields.end() ? Json(text) : parse_field(*field, text);
  }
  return content;
}

}  // namespace opsroom::cli

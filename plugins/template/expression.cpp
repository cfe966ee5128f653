#include "expression.hpp"

#include <cctype>

namespace opsroom::plugins::templates {
namespace {

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-';
}

std::size_t name_length(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_name_letter(text[size]))
    ++size;
  return size;
}

}  // namespace

Place after(Place place, std::string_view text) {
  for (const char letter : text) {
    ++place.column;
    if (letter != '\n') continue;
    ++place.line;
    place.column = 1;
  }
  return place;
}

void TagReader::advance(std::size_t count) {
  place_ = after(place_, text_.substr(0, count));
  text_.remove_prefix(count);
}

void TagReader::skip_blanks() {
  std::size_t count = 0;
  while (count < text_.size() && std::isspace(static_cast<unsigned char>(text_[count])) != 0)
    ++count;
  advance(count);
}

bool TagReader::at_end() {
  skip_blanks();
  return text_.empty();
}

void TagReader::finish() {
  if (!at_end()) throw TemplateError(place_, "can't read '" + std::string(text_) + "' here");
}

bool TagReader::take(std::string_view symbol) {
  skip_blanks();
  if (!text_.starts_with(symbol)) return false;
  advance(symbol.size());
  return true;
}

bool TagReader::take_word(std::string_view word) {
  skip_blanks();
  if (!text_.starts_with(word)) return false;
  if (text_.size() > word.size() && is_name_letter(text_[word.size()])) return false;
  advance(word.size());
  return true;
}

std::string TagReader::name() {
  skip_blanks();
  const std::size_t size = name_length(text_);
  if (size == 0) throw TemplateError(place_, "a name must stand here");
  std::string made(text_.substr(0, size));
  advance(size);
  return made;
}

json TagReader::quoted() {
  const std::size_t end = text_.find('"', 1);
  std::size_t close = end;
  while (close != std::string_view::npos && text_[close - 1] == '\\')
    close = text_.find('"', close + 1);
  if (close == std::string_view::npos) throw TemplateError(place_, "the text is not closed by \"");
  const json made = json::parse(text_.substr(0, close + 1), nullptr, false);
  if (!made.is_string()) throw TemplateError(place_, "the text is not written as in JSON");
  advance(close + 1);
  return made;
}

json TagReader::number() {
  std::size_t size = text_.front() == '-' ? 1 : 0;
  while (size < text_.size() &&
         (std::isalnum(static_cast<unsigned char>(text_[size])) != 0 || text_[size] == '.'))
    ++size;
  json made = json::parse(text_.substr(0, size), nullptr, false);
  if (!made.is_number())
    throw TemplateError(place_, "'" + std::string(text_.substr(0, size)) + "' is no number");
  advance(size);
  return made;
}

/// A discarded value when none stands here.
json TagReader::literal() {
  skip_blanks();
  if (text_.empty()) return json(json::value_t::discarded);
  if (text_.front() == '"') return quoted();
  if (text_.front() == '-' || std::isdigit(static_cast<unsigned char>(text_.front())) != 0)
    return number();
  if (take_word("true")) return true;
  if (take_word("false")) return false;
  if (take_word("null")) return nullptr;
  return json(json::value_t::discarded);
}

std::vector<std::string> TagReader::path() {
  std::vector<std::string> made;
  const bool special = take("@");
  made.push_back((special ? "@" : "") + name());
  while (!text_.empty() && (text_.front() == '.' || text_.front() == '[')) {
    if (text_.front() == '.') {
      advance(1);
      made.push_back(name());
      continue;
    }
    advance(1);
    skip_blanks();
    if (text_.empty() || text_.front() != '"')
      throw TemplateError(place_, "a name in quotes must stand here, as in a[\"odd name\"]");
    made.push_back(quoted().get<std::string>());
    if (!take("]")) throw TemplateError(place_, "']' is missing");
  }
  return made;
}

Operand TagReader::operand() {
  skip_blanks();
  Operand made;
  made.place = place_;
  if (text_.empty()) throw TemplateError(place_, "a name must stand here");
  if (json value = literal(); !value.is_discarded()) {
    made.literal = std::move(value);
    return made;
  }
  made.path = path();
  if (!text_.empty() && text_.front() == '?') {
    made.may_lack = true;
    advance(1);
  }
  return made;
}

std::vector<Filter> TagReader::filters() {
  std::vector<Filter> made;
  while (take("|")) {
    skip_blanks();
    Filter filter;
    filter.place = place_;
    filter.name = name();
    if (json argument = literal(); !argument.is_discarded()) filter.argument = std::move(argument);
    made.push_back(std::move(filter));
  }
  return made;
}

Expression TagReader::expression() {
  Expression made;
  made.value = operand();
  for (const char* symbol : {"==", "!="})
    if (made.comparison.empty() && take(symbol)) {
      made.comparison = symbol;
      made.other = operand();
    }
  if (made.comparison.empty()) made.filters = filters();
  return made;
}

}  // namespace opsroom::plugins::templates

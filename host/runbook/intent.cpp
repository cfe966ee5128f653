#include "runbook/intent.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_intent = 4096;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// One space for each run of white space, none at the ends.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_blank(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
  throw Failure(Code::invalid, fmt::format("the intent \"{}\": {}", pattern, why));
}

}  // namespace

IntentPattern::IntentPattern(std::string_view original) {
  const std::string text = squeezed(original);
  if (text.empty() || text.size() > max_intent) refuse(original, "is empty or too long");
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    if (brace > at) parts_.push_back({false, lower(text.substr(at, brace - at))});
    if (brace == text.size()) break;
    const std::size_t close = text.find_first_of("{}", brace + 1);
    if (text[brace] == '}' || close == std::string::npos || text[close] == '{') {
      refuse(original, "a brace without its partner");
    }
    const std::string name = squeezed(text.substr(brace + 1, close - brace - 1));
    if (name.empty()) refuse(original, "a placeholder without a name");
    if (!parts_.empty() && parts_.back().placeholder) {
      refuse(original, fmt::format("there has to be a word before {{{}}}", name));
    }
    parts_.push_back({true, name});
    at = close + 1;
  }
  if (literal_length() == 0)
    refuse(original, "has no words of its own, so it would match anything");
}

std::vector<std::string> IntentPattern::placeholders() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    if (part.placeholder) names.push_back(part.text);
  }
  return names;
}

std::size_t IntentPattern::literal_length() const {
  std::size_t length = 0;
  for (const Part& part : parts_) {
    if (part.placeholder) continue;
    length += static_cast<std::size_t>(
        std::count_if(part.text.begin(), part.text.end(), [](char c) { return !is_blank(c); })
    );
  }
  return length;
}

// Taking the leftmost place for every word, and the end of the text for the last one, finds a match
// whenever there is one, as with `*` in file patterns; so no backtracking is needed.
std::optional<std::map<std::string, std::string>> IntentPattern::match(std::string_view intent
) const {
  const std::string text = squeezed(intent);
  const std::string lowered = lower(text);
  std::map<std::string, std::string> bound;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const bool last = i + 1 == parts_.size();
    if (!parts_[i].placeholder) {
      if (lowered.compare(at, parts_[i].text.size(), parts_[i].text) != 0) return std::nullopt;
      at += parts_[i].text.size();
      continue;
    }
    const std::size_t end = last ? text.size() : end_of_value(lowered, at, i + 1);
    if (end == std::string::npos) return std::nullopt;
    const std::string value = squeezed(text.substr(at, end - at));
    if (value.empty()) return std::nullopt;
    bound[parts_[i].text] = value;
    at = end;
  }
  if (at != text.size()) return std::nullopt;
  return bound;
}

std::size_t IntentPattern::end_of_value(
    const std::string& text, std::size_t at, std::size_t literal
) const {
  const std::string& words = parts_[literal].text;
  // A value is at least one character, and a blank alone is none.
  const std::size_t first = at + (at < text.size() && text[at] == ' ' ? 2 : 1);
  if (literal + 1 < parts_.size())
    return first > text.size() ? std::string::npos : text.find(words, first);
  const bool fits = text.size() >= first + words.size() && text.ends_with(words);
  return fits ? text.size() - words.size() : std::string::npos;
}

std::vector<std::string> intent_errors(const std::string& pattern, const Json& inputs) {
  std::vector<std::string> errors;
  try {
    std::vector<std::string> known;
    const Json properties = inputs.value("properties", Json::object());
    for (const auto& [name, property] : properties.items())
      known.push_back(name);
    std::set<std::string> seen;
    for (const std::string& name : IntentPattern(pattern).placeholders()) {
      if (!seen.insert(name).second) {
        errors.push_back(fmt::format("the intent \"{}\" has {{{}}} twice", pattern, name));
      }
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      std::string text = fmt::format("the intent \"{}\" names no input with {{{}}}", pattern, name);
      if (const auto near = nearest(name, known))
        text += fmt::format("; did you mean {{{}}}?", *near);
      errors.push_back(text);
    }
  } catch (const Failure& failure) {
    errors.push_back(failure.message());
  }
  return errors;
}

}  // namespace opsroom::runbook

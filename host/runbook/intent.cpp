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

namespace {

/// Finds the leftmost way to cut a text into parts; remembers dead ends, so it stays polynomial.
template <class Part>
class Matcher {
 public:
  Matcher(const std::vector<Part>& parts, const std::string& text)
      : parts_(parts), text_(text), lower_(lower(text)) {}

  bool run(std::size_t part, std::size_t at) {
    if (part == parts_.size()) return at == text_.size();
    if (dead_.count({part, at}) != 0) return false;
    const bool fits = parts_[part].placeholder ? bind(part, at) : literal(part, at);
    if (!fits) dead_.insert({part, at});
    return fits;
  }

  std::map<std::string, std::string> bound;

 private:
  bool literal(std::size_t part, std::size_t at) {
    const std::string& words = parts_[part].text;
    return lower_.compare(at, words.size(), words) == 0 && run(part + 1, at + words.size());
  }

  bool bind(std::size_t part, std::size_t at) {
    const bool last = part + 1 == parts_.size();
    for (std::size_t end = last ? text_.size() : at + 1; end <= text_.size(); ++end) {
      if (!last) {
        end = lower_.find(parts_[part + 1].text, end);
        if (end == std::string::npos) return false;
      }
      const std::string value = squeezed(text_.substr(at, end - at));
      if (!value.empty() && run(part + 1, end)) return keep(parts_[part].text, value);
    }
    return false;
  }

  bool keep(const std::string& name, const std::string& value) {
    return bound.emplace(name, value).first->second == value;
  }

  const std::vector<Part>& parts_;
  const std::string& text_;
  const std::string lower_;
  std::set<std::pair<std::size_t, std::size_t>> dead_;
};

}  // namespace

std::optional<std::map<std::string, std::string>> IntentPattern::match(std::string_view intent
) const {
  const std::string text = squeezed(intent);
  if (text.size() > max_intent) return std::nullopt;
  Matcher<Part> matcher(parts_, text);
  if (!matcher.run(0, 0)) return std::nullopt;
  return matcher.bound;
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

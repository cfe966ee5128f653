#include "glob.hpp"

#include <opsroom/tool.hpp>
#include <string_view>

namespace opsroom::files {
namespace {

constexpr auto none = std::string_view::npos;

/// Behind the set that begins at `at`; none when it never ends.
std::size_t end_of_set(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && pattern[i] == '!') ++i;
  // A bracket that comes first is one of the set.
  if (i < pattern.size() && pattern[i] == ']') ++i;
  const auto close = pattern.find(']', i);
  return close == none ? none : close + 1;
}

/// `set` is what stands between the brackets.
bool in_set(std::string_view set, char letter) {
  const bool negated = !set.empty() && set.front() == '!';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= letter && letter <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == letter;
    }
  }
  return found != negated;
}

/// Matches one element of the pattern against a letter; `next` is set behind the element.
bool matches_one(std::string_view pattern, std::size_t at, char letter, std::size_t& next) {
  switch (pattern[at]) {
    case '?':
      next = at + 1;
      return true;
    case '[':
      next = end_of_set(pattern, at);
      return in_set(pattern.substr(at + 1, next - at - 2), letter);
    case '\\':
      next = at + 2;
      return pattern[at + 1] == letter;
    default:
      next = at + 1;
      return pattern[at] == letter;
  }
}

/// Goes back to the last star only, so the time is at most the product of both lengths.
bool name_matches(std::string_view pattern, std::string_view name) {
  std::size_t at = 0;
  std::size_t star = none;
  std::size_t retry = 0;
  for (std::size_t i = 0; i < name.size();) {
    std::size_t next = 0;
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      retry = i;
    } else if (at < pattern.size() && matches_one(pattern, at, name[i], next)) {
      at = next;
      ++i;
    } else if (star != none) {
      at = star + 1;
      i = ++retry;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

void check_part(const std::string& part, const std::string& pointer) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\' && ++i == part.size())
      throw tool::BadArguments(pointer, "must not end a name with a backslash");
    if (part[i] != '[') continue;
    const auto end = end_of_set(part, i);
    if (end == none) throw tool::BadArguments(pointer, "has a [ without its ]");
    i = end - 1;
  }
}

}  // namespace

Glob::Glob(const std::string& pattern, const std::string& pointer) {
  std::string_view rest = pattern;
  while (true) {
    const auto slash = rest.find('/');
    const std::string part(rest.substr(0, slash));
    check_part(part, pointer);
    if (!part.empty() && part != ".") parts_.push_back(part);
    if (slash == none) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts_.empty()) throw tool::BadArguments(pointer, "must not be empty");
  if (pattern.find('/') == none && parts_.front() != "**") parts_.insert(parts_.begin(), "**");
}

bool Glob::matches(const std::filesystem::path& path) const {
  // reached[i]: the first i parts of the pattern match the names so far.
  std::vector<bool> reached(parts_.size() + 1, false);
  reached[0] = true;
  const auto pass_stars = [&] {
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (reached[i] && parts_[i] == "**") reached[i + 1] = true;
  };
  pass_stars();
  for (const auto& element : path) {
    const std::string name = element.string();
    std::vector<bool> next(parts_.size() + 1, false);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!reached[i]) continue;
      if (parts_[i] == "**")
        next[i] = true;
      else if (name_matches(parts_[i], name))
        next[i + 1] = true;
    }
    reached = std::move(next);
    pass_stars();
  }
  return reached.back();
}

}  // namespace opsroom::files

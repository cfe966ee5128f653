#include "tools/glob.hpp"

#include <algorithm>

namespace opsroom::tools {

// One remembered star is enough: a later star can only be satisfied later, so an earlier one never
// has to give back. That keeps the worst case at pattern x text instead of exponential.
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool NameFilter::admits(std::string_view name) const {
  const auto fits = [&](const std::string& pattern) { return matches_glob(pattern, name); };
  if (std::any_of(deny.begin(), deny.end(), fits)) return false;
  return allow.empty() || std::any_of(allow.begin(), allow.end(), fits);
}

}  // namespace opsroom::tools

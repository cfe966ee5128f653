#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::tool::detail {

/// The code points of UTF-8; a broken byte counts as one of itself.
std::vector<char32_t> code_points(std::string_view text);

/// A set of characters: ranges, or everything but them.
struct CharSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  bool negated = false;

  bool has(char32_t point) const {
    const bool inside = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return range.first <= point && point <= range.second;
    });
    return inside != negated;
  }
};

}  // namespace opsroom::tool::detail

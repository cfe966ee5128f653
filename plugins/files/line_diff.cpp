#include "line_diff.hpp"

#include "lines.hpp"

#include <algorithm>
#include <cstdint>
#include <opsroom/text.hpp>
#include <vector>

namespace opsroom::files {
namespace {

using Lines = std::vector<std::string_view>;

/// One step of the way from the old lines to the new: ' ' keeps, '-' drops, '+' adds.
struct Step {
  char kind;
  std::size_t old_line;
  std::size_t new_line;
};

constexpr std::size_t context = 3;
/// Beyond so many differences a shortest way is not worth its memory (quadratic in this number).
constexpr int most_differences = 600;

/// Myers, "An O(ND) Difference Algorithm": the furthest points reached with d differences, kept for
/// every d so that the way can be walked back.
class ShortestWay {
 public:
  ShortestWay(const Lines& before, const Lines& after)
      : before_(before), after_(after), size_(2 * most_differences + 3), reach_(size_, 0) {}

  /// Empty `found`: too different.
  bool find() {
    for (int d = 0; d <= most_differences; ++d) {
      trace_.push_back(reach_);
      for (int k = -d; k <= d; k += 2)
        if (advance(d, k)) return true;
    }
    return false;
  }

  std::vector<Step> steps() const {
    std::vector<Step> way;
    auto x = static_cast<int>(before_.size());
    auto y = static_cast<int>(after_.size());
    for (auto d = static_cast<int>(trace_.size()) - 1; d >= 0; --d) {
      const auto& reach = trace_[static_cast<std::size_t>(d)];
      const int k = x - y;
      const bool down = comes_from_above(reach, d, k);
      const int from_k = down ? k + 1 : k - 1;
      const int from_x = d == 0 ? 0 : reach[at(from_k)];
      const int from_y = d == 0 ? 0 : from_x - from_k;
      while (x > from_x && y > from_y)
        add(way, ' ', --x, --y);
      if (d == 0) break;
      if (down)
        add(way, '+', x, --y);
      else
        add(way, '-', --x, y);
    }
    std::reverse(way.begin(), way.end());
    return way;
  }

 private:
  static std::size_t at(int k) { return static_cast<std::size_t>(k + most_differences + 1); }

  static bool comes_from_above(const std::vector<int>& reach, int d, int k) {
    return k == -d || (k != d && reach[at(k - 1)] < reach[at(k + 1)]);
  }

  static void add(std::vector<Step>& way, char kind, int x, int y) {
    way.push_back({kind, static_cast<std::size_t>(x), static_cast<std::size_t>(y)});
  }

  bool advance(int d, int k) {
    int x = comes_from_above(reach_, d, k) ? reach_[at(k + 1)] : reach_[at(k - 1)] + 1;
    if (d == 0) x = 0;
    int y = x - k;
    const auto width = static_cast<int>(before_.size());
    const auto height = static_cast<int>(after_.size());
    while (x < width && y >= 0 && y < height &&
           before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(y)]) {
      ++x;
      ++y;
    }
    reach_[at(k)] = x;
    return x >= width && y >= height;
  }

  const Lines& before_;
  const Lines& after_;
  std::size_t size_;
  std::vector<int> reach_;
  std::vector<std::vector<int>> trace_;
};

/// Everything out, everything in.
std::vector<Step> replace_all(const Lines& before, const Lines& after) {
  std::vector<Step> way;
  for (std::size_t i = 0; i < before.size(); ++i)
    way.push_back({'-', i, 0});
  for (std::size_t i = 0; i < after.size(); ++i)
    way.push_back({'+', before.size(), i});
  return way;
}

/// The way for the whole texts: equal ends are cut off first, since most edits are small.
std::vector<Step> way_between(const Lines& before, const Lines& after) {
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head])
    ++head;
  std::size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  const Lines old_part(
      before.begin() + static_cast<std::ptrdiff_t>(head),
      before.end() - static_cast<std::ptrdiff_t>(tail)
  );
  const Lines new_part(
      after.begin() + static_cast<std::ptrdiff_t>(head),
      after.end() - static_cast<std::ptrdiff_t>(tail)
  );
  ShortestWay shortest(old_part, new_part);
  auto middle = shortest.find() ? shortest.steps() : replace_all(old_part, new_part);

  std::vector<Step> way;
  for (std::size_t i = 0; i < head; ++i)
    way.push_back({' ', i, i});
  for (const Step& step : middle)
    way.push_back({step.kind, step.old_line + head, step.new_line + head});
  for (std::size_t i = tail; i > 0; --i)
    way.push_back({' ', before.size() - i, after.size() - i});
  return way;
}

std::string range(std::size_t start, std::size_t count) {
  return std::to_string(count == 0 ? start : start + 1) + "," + std::to_string(count);
}

void print_line(std::string& out, char kind, std::string_view line) {
  out += kind;
  out += printable_utf8(without_newline(line));
  out += '\n';
  if (line.empty() || line.back() != '\n') out += "\\ No newline at end of file\n";
}

std::string print_hunk(
    const std::vector<Step>& way,
    std::size_t first,
    std::size_t end,
    const Lines& before,
    const Lines& after
) {
  std::size_t old_count = 0;
  std::size_t new_count = 0;
  std::string body;
  for (std::size_t i = first; i < end; ++i) {
    const Step& step = way[i];
    if (step.kind != '+') ++old_count;
    if (step.kind != '-') ++new_count;
    print_line(body, step.kind, step.kind == '+' ? after[step.new_line] : before[step.old_line]);
  }
  return "@@ -" + range(way[first].old_line, old_count) + " +" +
         range(way[first].new_line, new_count) + " @@\n" + body;
}

}  // namespace

std::string unified_diff(
    const std::string& path, std::string_view before, std::string_view after, std::size_t most_bytes
) {
  if (before == after) return {};
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const auto way = way_between(old_lines, new_lines);
  std::string out = "--- a/" + path + "\n+++ b/" + path + "\n";
  for (std::size_t i = 0; i < way.size();) {
    if (way[i].kind == ' ') {
      ++i;
      continue;
    }
    const std::size_t first = i - std::min(i, context);
    // Changes with at most twice the context between them share a hunk.
    std::size_t end = i;
    for (std::size_t j = i; j < way.size() && j <= end + 2 * context; ++j)
      if (way[j].kind != ' ') end = j;
    const std::size_t last = std::min(way.size(), end + 1 + context);
    const std::string hunk = print_hunk(way, first, last, old_lines, new_lines);
    if (out.size() + hunk.size() > most_bytes) {
      out += "... the rest of the diff is left out\n";
      break;
    }
    out += hunk;
    i = last;
  }
  return out;
}

}  // namespace opsroom::files

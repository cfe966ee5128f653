#include "pattern.hpp"

#include "char_set.hpp"

#include <cctype>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::tool::detail {
namespace {

/// Runs all alternatives of an expression side by side.
class Pattern {
 public:
  /// Throws std::logic_error for an expression that is wrong or beyond what is known here.
  explicit Pattern(std::string_view expression) : text_(expression), in_(code_points(expression)) {
    alternatives();
    if (at_ < in_.size()) refuse("a ')' too many");
    code_.push_back({Op::match});
  }

  /// Whether the expression is found anywhere in `value`.
  bool found_in(std::string_view value) const {
    const std::vector<char32_t> points = code_points(value);
    std::vector<std::size_t> now;
    std::vector<std::size_t> next;
    for (std::size_t i = 0; i <= points.size(); ++i) {
      std::vector<bool> seen(code_.size());
      std::vector<std::size_t> reached;
      for (const std::size_t start : now)
        follow(start, points, i, seen, reached);
      follow(0, points, i, seen, reached);
      next.clear();
      for (const std::size_t pc : reached) {
        if (code_[pc].op == Op::match) return true;
        if (i < points.size() && code_[pc].set.has(points[i])) next.push_back(pc + 1);
      }
      now.swap(next);
    }
    return false;
  }

 private:
  enum class Op { set, split, jump, start, end, boundary, no_boundary, match };
  struct Step {
    Op op;
    std::size_t first = 0;
    std::size_t second = 0;
    CharSet set{};
  };
  static constexpr std::size_t most_steps = 20'000;
  static constexpr int most_depth = 100;

  [[noreturn]] void refuse(const std::string& why) const {
    throw std::logic_error("the pattern " + text_ + ": " + why);
  }

  bool more() const { return at_ < in_.size(); }
  char32_t peek() const { return at_ < in_.size() ? in_[at_] : 0; }
  bool take(char32_t letter) {
    if (peek() != letter || !more()) return false;
    ++at_;
    return true;
  }

  void emit(Step step) {
    if (code_.size() >= most_steps) refuse("it is too big");
    code_.push_back(std::move(step));
  }

  void alternatives() {
    if (++depth_ > most_depth) refuse("it is nested too deeply");
    const std::size_t start = code_.size();
    sequence();
    if (take(U'|')) {
      shift(start, 1);
      code_.insert(at(start), Step{Op::split, start + 1, code_.size() + 2});
      const std::size_t jump = code_.size();
      emit({Op::jump});
      alternatives();
      code_[jump].first = code_.size();
    }
    --depth_;
  }

  void sequence() {
    while (more() && peek() != U'|' && peek() != U')') {
      const std::size_t start = code_.size();
      atom();
      repeats(start);
    }
  }

  void atom() {
    if (take(U'(')) return group();
    if (take(U'[')) return emit({Op::set, 0, 0, bracket()});
    if (take(U'.'))
      return emit({Op::set, 0, 0, {{{U'\n', U'\n'}, {U'\r', U'\r'}, {U'\u2028', U'\u2029'}}, true}}
      );
    if (take(U'^')) return emit({Op::start});
    if (take(U'$')) return emit({Op::end});
    if (peek() == U'*' || peek() == U'+' || peek() == U'?')
      refuse("nothing stands before a repeat");
    if (take(U'\\')) {
      if (take(U'b')) return emit({Op::boundary});
      if (take(U'B')) return emit({Op::no_boundary});
      return emit({Op::set, 0, 0, escaped()});
    }
    const char32_t letter = in_[at_++];
    emit({Op::set, 0, 0, {{{letter, letter}}}});
  }

  void group() {
    if (take(U'?') && !take(U':')) refuse("look-around and named groups are not known here");
    alternatives();
    if (!take(U')')) refuse("a ')' is missing");
  }

  static CharSet word() { return {{{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}}}; }

  CharSet escaped() {
    if (!more()) refuse("it ends in a backslash");
    const char32_t letter = in_[at_++];
    switch (letter) {
      case U'd':
      case U'D':
        return {{{U'0', U'9'}}, letter == U'D'};
      case U'w':
      case U'W': {
        CharSet set = word();
        set.negated = letter == U'W';
        return set;
      }
      case U's':
      case U'S':
        return {
            {{9, 13},
             {32, 32},
             {0xA0, 0xA0},
             {0x1680, 0x1680},
             {0x2000, 0x200A},
             {0x2028, 0x2029},
             {0x202F, 0x202F},
             {0x205F, 0x205F},
             {0x3000, 0x3000},
             {0xFEFF, 0xFEFF}},
            letter == U'S'
        };
      default: {
        const char32_t one = escaped_letter(letter);
        return {{{one, one}}};
      }
    }
  }

  char32_t escaped_letter(char32_t letter) {
    switch (letter) {
      case U'n':
        return U'\n';
      case U'r':
        return U'\r';
      case U't':
        return U'\t';
      case U'f':
        return U'\f';
      case U'v':
        return U'\v';
      case U'0':
        return 0;
      case U'x':
        return hex(2);
      case U'u':
        return hex(4);
      default:
        if (letter < 128 && std::isalnum(static_cast<int>(letter)) != 0)
          refuse("an escape that is not known here");
        return letter;
    }
  }

  char32_t hex(int digits) {
    char32_t point = 0;
    for (; digits > 0; --digits) {
      const char32_t letter = peek() | 0x20;
      const bool decimal = peek() >= U'0' && peek() <= U'9';
      if (!decimal && (letter < U'a' || letter > U'f')) refuse("a hexadecimal digit is missing");
      point = point * 16 + (decimal ? peek() - U'0' : letter - U'a' + 10);
      ++at_;
    }
    return point;
  }

  CharSet bracket() {
    CharSet set;
    set.negated = take(U'^');
    while (!take(U']')) {
      if (!more()) refuse("a ']' is missing");
      CharSet one = bracket_item();
      const bool single = one.ranges.size() == 1 && one.ranges[0].first == one.ranges[0].second;
      if (peek() == U'-' && at_ + 1 < in_.size() && in_[at_ + 1] != U']' && single) {
        ++at_;
        const CharSet to = bracket_item();
        if (to.ranges.size() != 1 || to.ranges[0].first < one.ranges[0].first)
          refuse("a range runs backwards");
        one.ranges[0].second = to.ranges[0].second;
      }
      if (one.negated) one = inverted(one);
      set.ranges.insert(set.ranges.end(), one.ranges.begin(), one.ranges.end());
    }
    return set;
  }

  CharSet bracket_item() {
    if (take(U'\\')) {
      if (take(U'b')) return {{{8, 8}}};
      return escaped();
    }
    const char32_t letter = in_[at_++];
    return {{{letter, letter}}};
  }

  /// The ranges of a class escape are sorted and apart.
  static CharSet inverted(const CharSet& set) {
    CharSet other;
    char32_t from = 0;
    for (const auto& [first, last] : set.ranges) {
      if (first > from) other.ranges.emplace_back(from, first - 1);
      from = last + 1;
    }
    other.ranges.emplace_back(from, 0x10FFFF);
    return other;
  }

  void repeats(std::size_t start) {
    std::size_t least = 0;
    std::size_t most = 0;
    bool endless = false;
    if (take(U'*')) {
      endless = true;
    } else if (take(U'+')) {
      least = 1;
      endless = true;
    } else if (take(U'?')) {
      most = 1;
    } else if (peek() == U'{') {
      ++at_;
      counts(least, most, endless);
    } else {
      return;
    }
    take(U'?');  // a lazy repeat finds the same as a greedy one
    repeat(start, least, most, endless);
  }

  void counts(std::size_t& least, std::size_t& most, bool& endless) {
    least = most = number();
    if (take(U',')) {
      endless = peek() == U'}';
      if (!endless) most = number();
    }
    if (!take(U'}') || (!endless && most < least)) refuse("a repeat like {2,5} is wrong");
  }

  std::size_t number() {
    std::size_t value = 0;
    if (peek() < U'0' || peek() > U'9') refuse("a repeat like {2,5} lacks a number");
    while (peek() >= U'0' && peek() <= U'9') {
      value = value * 10 + (in_[at_++] - U'0');
      if (value > most_steps) refuse("it is too big");
    }
    return value;
  }

  /// Writes the steps from `start` on out as often as they may come.
  void repeat(std::size_t start, std::size_t least, std::size_t most, bool endless) {
    const std::vector<Step> body(at(start), code_.end());
    code_.erase(at(start), code_.end());
    for (std::size_t i = 0; i < least; ++i)
      append(body, start);
    if (endless) {
      const std::size_t loop = code_.size();
      emit({Op::split, loop + 1, 0});
      append(body, start);
      emit({Op::jump, loop});
      code_[loop].second = code_.size();
    }
    std::vector<std::size_t> exits;
    for (std::size_t i = least; !endless && i < most; ++i) {
      exits.push_back(code_.size());
      emit({Op::split, code_.size() + 1, 0});
      append(body, start);
    }
    for (const std::size_t exit : exits)
      code_[exit].second = code_.size();
  }

  void append(const std::vector<Step>& body, std::size_t written_at) {
    const std::size_t moved = code_.size();
    for (Step step : body) {
      if (step.op == Op::split || step.op == Op::jump) {
        step.first = step.first - written_at + moved;
        step.second = step.second - written_at + moved;
      }
      emit(std::move(step));
    }
  }

  /// Makes the steps from `start` on aim `by` further, before as many are put in front of them.
  void shift(std::size_t start, std::size_t by) {
    for (std::size_t i = start; i < code_.size(); ++i) {
      code_[i].first += by;
      code_[i].second += by;
    }
  }

  std::vector<Step>::iterator at(std::size_t index) {
    return code_.begin() + static_cast<std::ptrdiff_t>(index);
  }

  /// Everything reachable from `from` without taking a character.
  void follow(
      std::size_t from,
      const std::vector<char32_t>& points,
      std::size_t i,
      std::vector<bool>& seen,
      std::vector<std::size_t>& reached
  ) const {
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
      const std::size_t pc = open.back();
      open.pop_back();
      if (seen[pc]) continue;
      seen[pc] = true;
      const Step& step = code_[pc];
      switch (step.op) {
        case Op::set:
        case Op::match:
          reached.push_back(pc);
          break;
        case Op::split:
          open.push_back(step.second);
          open.push_back(step.first);
          break;
        case Op::jump:
          open.push_back(step.first);
          break;
        default:
          if (holds(step.op, points, i)) open.push_back(pc + 1);
      }
    }
  }

  static bool holds(Op op, const std::vector<char32_t>& points, std::size_t i) {
    if (op == Op::start) return i == 0;
    if (op == Op::end) return i == points.size();
    const bool before = i > 0 && word().has(points[i - 1]);
    const bool after = i < points.size() && word().has(points[i]);
    return (before != after) == (op == Op::boundary);
  }

  std::string text_;
  std::vector<char32_t> in_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<Step> code_;
};

}  // namespace

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    if (i + length > text.size()) break;
    for (std::size_t k = 1; k < length; ++k)
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    points.push_back(point);
    i += length;
  }
  return points;
}

bool pattern_found(std::string_view expression, std::string_view value) {
  return Pattern(expression).found_in(value);
}

}  // namespace opsroom::tool::detail

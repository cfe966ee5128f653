#include "base/failure.hpp"
#include "schema/regex_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace opsroom::schema {
namespace {

constexpr std::size_t max_pattern = 8192;
constexpr std::size_t max_code = 20'000;
constexpr int max_nesting = 60;
constexpr std::uint32_t unlimited = 0xFFFFFFFF;

using Ranges = std::vector<std::pair<char32_t, char32_t>>;
using Code = std::vector<Instruction>;

const Ranges digits = {{'0', '9'}};
const Ranges words = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const Ranges spaces = {
    {0x09, 0x0D},
    {' ', ' '},
    {0xA0, 0xA0},
    {0x1680, 0x1680},
    {0x2000, 0x200A},
    {0x2028, 0x2029},
    {0x202F, 0x202F},
    {0x205F, 0x205F},
    {0x3000, 0x3000},
    {0xFEFF, 0xFEFF}
};

Ranges complement(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges out;
  char32_t next = 0;
  for (const auto& [low, high] : ranges) {
    if (low > next) out.emplace_back(next, low - 1);
    next = std::max<char32_t>(next, high + 1);
  }
  if (next <= 0x10FFFF) out.emplace_back(next, 0x10FFFF);
  return out;
}

std::optional<Ranges> class_escape(char32_t c) {
  switch (c) {
    case 'd':
      return digits;
    case 'D':
      return complement(digits);
    case 'w':
      return words;
    case 'W':
      return complement(words);
    case 's':
      return spaces;
    case 'S':
      return complement(spaces);
    default:
      return std::nullopt;
  }
}

bool is_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

/// Recursive descent straight to code; every piece is relocatable, since jumps are relative until
/// the end (see `append`).
class Compiler {
 public:
  explicit Compiler(std::string_view pattern) : text_(decode_utf8(pattern)), shown_(pattern) {
    if (pattern.size() > max_pattern) {
      throw Failure(
          opsroom::Code::invalid, fmt::format("pattern longer than {} bytes", max_pattern)
      );
    }
    collect_groups();
  }

  Regex::Program run() {
    Code body = alternatives(0);
    if (at_ < text_.size()) fail("unmatched )");
    append(program_.code, {{Op::save, 0}});
    append(program_.code, body);
    append(program_.code, {{Op::save, 1}, {Op::accept}});
    program_.groups = group_count_ + 1;
    shift_loop_registers();
    return std::move(program_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Failure(
        opsroom::Code::invalid,
        fmt::format("pattern \"{}\" is not a regular expression: {} at {}", shown_, why, at_ + 1)
    );
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Failure(
        opsroom::Code::unsupported, fmt::format("pattern \"{}\": {} is not supported", shown_, what)
    );
  }

  // Group names may be used before they are declared, so they are collected first.
  void collect_groups() {
    bool in_class = false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char32_t c = text_[i];
      if (c == '\\') {
        ++i;
      } else if (in_class) {
        in_class = c != ']';
      } else if (c == '[') {
        in_class = true;
      } else if (c == '(') {
        const bool question = i + 1 < text_.size() && text_[i + 1] == '?';
        if (!question) {
          ++group_count_;
        } else if (i + 3 < text_.size() && text_[i + 2] == '<' && text_[i + 3] != '=' &&
                   text_[i + 3] != '!') {
          ++group_count_;
          const std::size_t close = text_.find(U'>', i);
          if (close == std::u32string::npos) continue;
          const auto name = text_.substr(i + 3, close - i - 3);
          if (!names_.emplace(name, group_count_).second) {
            at_ = i;
            fail("two groups of one name");
          }
        }
      }
    }
  }

  bool more() const { return at_ < text_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : char32_t{0xFFFFFFFF};
  }
  bool take(char32_t c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool take(std::u32string_view word) {
    if (std::u32string_view(text_).substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  /// Jump targets inside `piece` are relative to its start; they become relative to `to`'s start.
  void append(Code& to, Code piece) const {
    const auto base = static_cast<std::uint32_t>(to.size());
    for (Instruction& i : piece) {
      if (i.op == Op::split || i.op == Op::jump || i.op == Op::look) i.x += base;
      if (i.op == Op::split) i.y += base;
      to.push_back(i);
    }
    if (to.size() > max_code) refuse("a pattern that needs more than 20000 instructions");
  }

  Code alternatives(int depth) {
    if (depth > max_nesting) refuse("nesting deeper than 60 groups");
    Code left = sequence(depth);
    while (take(U'|')) {
      const Code right = sequence(depth);
      const auto l = static_cast<std::uint32_t>(left.size());
      const auto r = static_cast<std::uint32_t>(right.size());
      Code both{{Op::split, 1, l + 2}};
      append(both, left);
      both.push_back({Op::jump, l + 2 + r});
      append(both, right);
      left = std::move(both);
    }
    return left;
  }

  Code sequence(int depth) {
    Code out;
    while (more() && peek() != '|' && peek() != ')') {
      bool repeatable = true;
      Code piece = atom(depth, repeatable);
      append(out, quantified(std::move(piece), repeatable));
    }
    return out;
  }

  Code quantified(Code piece, bool repeatable) {
    std::uint32_t low = 1;
    std::uint32_t high = 1;
    const std::size_t start = at_;
    if (take(U'*')) {
      low = 0, high = unlimited;
    } else if (take(U'+')) {
      high = unlimited;
    } else if (take(U'?')) {
      low = 0;
    } else if (!braces(low, high)) {
      return piece;
    }
    if (!repeatable) {
      at_ = start;
      fail("nothing to repeat");
    }
    const bool lazy = take(U'?');
    Code out;
    for (std::uint32_t i = 0; i < low; ++i)
      append(out, piece);
    if (high == unlimited) {
      append(out, loop(piece, lazy));
    } else if (high > low) {
      append(out, optional_copies(piece, high - low, lazy));
    }
    return out;
  }

  static Instruction choose(std::uint32_t first, std::uint32_t second, bool lazy) {
    return lazy ? Instruction{Op::split, second, first} : Instruction{Op::split, first, second};
  }

  Code loop(const Code& piece, bool lazy) {
    // One character always moves on, so only longer bodies need watching for empty rounds.
    if (piece.size() == 1 && (piece[0].op == Op::character || piece[0].op == Op::set)) {
      return {choose(1, 3, lazy), piece[0], {Op::jump, 0}};
    }
    const auto watch = static_cast<std::uint32_t>(loop_registers_++);
    const auto n = static_cast<std::uint32_t>(piece.size());
    Code out{choose(1, n + 4, lazy), {Op::save, watch, 1}};
    append(out, piece);
    out.push_back({Op::progress, watch});
    out.push_back({Op::jump, 0});
    return out;
  }

  Code optional_copies(const Code& piece, std::uint32_t count, bool lazy) {
    const auto n = static_cast<std::uint32_t>(piece.size());
    const std::size_t total = (std::size_t{n} + 1) * count;
    if (total > max_code) refuse("a pattern that needs more than 20000 instructions");
    const auto end = static_cast<std::uint32_t>(total);
    Code out;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto here = static_cast<std::uint32_t>(out.size());
      out.push_back(choose(here + 1, end, lazy));
      append(out, piece);
    }
    return out;
  }

  /// {n}, {n,} or {n,m}; anything else after { is literal text.
  bool braces(std::uint32_t& low, std::uint32_t& high) {
    if (peek() != '{' || !is_digit(peek(1))) return false;
    const std::size_t start = at_++;
    low = number();
    high = low;
    if (take(U',')) high = is_digit(peek()) ? number() : unlimited;
    if (!take(U'}')) {
      at_ = start;
      return false;
    }
    if (high < low) fail("numbers out of order in {}");
    return true;
  }

  std::uint32_t number() {
    std::uint64_t value = 0;
    while (is_digit(peek())) {
      value = std::min<std::uint64_t>(value * 10 + (text_[at_++] - '0'), 1'000'000);
    }
    return static_cast<std::uint32_t>(value);
  }

  Code atom(int depth, bool& repeatable) {
    const char32_t c = text_[at_++];
    switch (c) {
      case '^':
        repeatable = false;
        return {{Op::begin}};
      case '$':
        repeatable = false;
        return {{Op::end}};
      case '.':
        return one_of({{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}, true});
      case '[':
        return char_class();
      case '(':
        return group(depth, repeatable);
      case '\\':
        return escape(repeatable);
      case '*':
      case '+':
      case '?':
        --at_;
        fail("nothing to repeat");
      default:
        return {{Op::character, c}};
    }
  }

  Code one_of(CharSet set) {
    program_.sets.push_back(std::move(set));
    return {{Op::set, static_cast<std::uint32_t>(program_.sets.size() - 1)}};
  }

  Code group(int depth, bool& repeatable) {
    if (take(U"?:")) return closed(alternatives(depth + 1));
    if (take(U"?=")) return look(depth, LookKind::ahead, repeatable);
    if (take(U"?!")) return look(depth, LookKind::ahead_not, repeatable);
    if (take(U"?<=")) return look(depth, LookKind::behind, repeatable);
    if (take(U"?<!")) return look(depth, LookKind::behind_not, repeatable);
    if (take(U"?<")) {
      const std::size_t close = text_.find(U'>', at_);
      if (close == std::u32string::npos || close == at_) fail("unclosed group name");
      at_ = close + 1;
    } else if (peek() == '?') {
      refuse("a group that begins with (?" + encode_utf8(text_.substr(at_ + 1, 1)));
    }
    const auto index = static_cast<std::uint32_t>(++next_group_);
    Code out{{Op::save, 2 * index}};
    append(out, closed(alternatives(depth + 1)));
    out.push_back({Op::save, 2 * index + 1});
    return out;
  }

  Code closed(Code inner) {
    if (!take(U')')) fail("unclosed (");
    return inner;
  }

  Code look(int depth, LookKind kind, bool& repeatable) {
    repeatable = false;
    const Code inner = closed(alternatives(depth + 1));
    Code out{{Op::look, static_cast<std::uint32_t>(inner.size()) + 2, kind}};
    append(out, inner);
    out.push_back({Op::accept});
    return out;
  }

  Code escape(bool& repeatable) {
    if (!more()) fail("a \\ at the end");
    const char32_t c = peek();
    if (const auto ranges = class_escape(c)) {
      ++at_;
      return one_of({*ranges, false});
    }
    if (c == 'b' || c == 'B') {
      ++at_;
      repeatable = false;
      return {{c == 'b' ? Op::word_edge : Op::no_word_edge}};
    }
    if (c >= '1' && c <= '9') {
      const std::uint32_t index = number();
      if (index > group_count_) fail(fmt::format("no group {}", index));
      return {{Op::backreference, index}};
    }
    if (c == 'k') {
      ++at_;
      return named_reference();
    }
    return {{Op::character, char_escape(false)}};
  }

  Code named_reference() {
    const std::size_t close = text_.find(U'>', at_);
    if (peek() != '<' || close == std::u32string::npos) fail("\\k needs a <name>");
    const auto found = names_.find(text_.substr(at_ + 1, close - at_ - 1));
    if (found == names_.end()) fail("\\k names no group");
    at_ = close + 1;
    return {{Op::backreference, static_cast<std::uint32_t>(found->second)}};
  }

  char32_t hex(std::size_t count) {
    char32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char32_t c = peek();
      const char32_t lower = c | 0x20;
      if (is_digit(c)) {
        value = value * 16 + (c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + (lower - 'a' + 10);
      } else {
        fail("expected a hexadecimal digit");
      }
      ++at_;
    }
    return value;
  }

  char32_t unicode_escape() {
    if (take(U'{')) {
      std::size_t length = 0;
      while (peek(length) != '}') {
        if (++length > 6) fail("\\u{} takes up to six digits");
      }
      const char32_t value = hex(length);
      ++at_;
      if (length == 0 || value > 0x10FFFF) fail("not a code point");
      return value;
    }
    const char32_t high = hex(4);
    if (high >= 0xD800 && high <= 0xDBFF && peek() == '\\' && peek(1) == 'u') {
      const std::size_t back = at_;
      at_ += 2;
      const char32_t low = hex(4);
      if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
      at_ = back;
    }
    return high;
  }

  /// After the backslash; stands on the letter.
  char32_t char_escape(bool in_class) {
    const char32_t c = text_[at_++];
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'v':
        return '\v';
      case 'f':
        return '\f';
      case 'r':
        return '\r';
      case '0':
        if (is_digit(peek())) fail("octal escapes do not exist");
        return 0;
      case 'x':
        return hex(2);
      case 'u':
        return unicode_escape();
      case 'c':
        if (!is_letter(peek())) fail("\\c needs a letter");
        return text_[at_++] % 32;
      case 'b':
        if (in_class) return '\b';
        break;
      case 'p':
      case 'P':
        refuse("\\p{} (Unicode property classes)");
      default:
        break;
    }
    if (is_letter(c) || is_digit(c)) {
      --at_;
      fail(fmt::format("unknown escape \\{}", static_cast<char>(c)));
    }
    return c;
  }

  Code char_class() {
    CharSet set;
    set.negated = take(U'^');
    while (peek() != ']') {
      if (!more()) fail("unclosed [");
      Ranges whole;
      const char32_t low = class_member(whole);
      if (!whole.empty()) {
        set.ranges.insert(set.ranges.end(), whole.begin(), whole.end());
        continue;
      }
      char32_t high = low;
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        high = class_member(whole);
        if (!whole.empty()) fail("a class such as \\d cannot end a range");
      }
      if (high < low) fail("range out of order");
      set.ranges.emplace_back(low, high);
    }
    ++at_;
    return one_of(std::move(set));
  }

  char32_t class_member(Ranges& whole) {
    const char32_t c = text_[at_++];
    if (c != '\\') return c;
    if (!more()) fail("a \\ at the end");
    if (auto ranges = class_escape(peek())) {
      ++at_;
      whole = std::move(*ranges);
      return 0;
    }
    return char_escape(true);
  }

  // How many groups there are is known only now, so loop registers are numbered from zero until
  // here.
  void shift_loop_registers() {
    const auto base = static_cast<std::uint32_t>(2 * program_.groups);
    for (Instruction& i : program_.code) {
      if ((i.op == Op::save && i.y == 1) || i.op == Op::progress) i.x += base;
    }
    program_.registers = base + loop_registers_;
  }

  std::u32string text_;
  std::string shown_;
  std::size_t at_ = 0;
  std::size_t group_count_ = 0;
  std::size_t next_group_ = 0;
  std::size_t loop_registers_ = 0;
  std::map<std::u32string, std::size_t> names_;
  Regex::Program program_;
};

}  // namespace

Regex::Program compile_regex(std::string_view pattern) {
  return Compiler(pattern).run();
}

}  // namespace opsroom::schema

#include "base/failure.hpp"
#include "schema/regex_program.hpp"
#include "schema/regex_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace opsroom::schema {
namespace {

constexpr std::size_t max_code = Regex::max_size;
constexpr int max_nesting = 60;
constexpr std::uint32_t unlimited = RegexReader::unlimited;

using Code = std::vector<Instruction>;

/// Recursive descent straight to code; every piece is relocatable, since jumps are relative until
/// the end (see `append`).
class Compiler {
 public:
  explicit Compiler(std::string_view pattern) : in_(pattern) {
    // Groups may be referred to before they stand in the pattern, so they are collected first.
    for (const std::u32string& name : in_.all_groups()) {
      ++group_count_;
      if (!name.empty() && !names_.emplace(name, group_count_).second)
        in_.fail("two groups of one name");
    }
  }

  Regex::Program run() {
    Code body = alternatives(0);
    if (in_.more()) in_.fail("unmatched )");
    append(program_.code, {{Op::save, 0}});
    append(program_.code, body);
    append(program_.code, {{Op::save, 1}, {Op::accept}});
    program_.groups = group_count_ + 1;
    shift_loop_registers();
    return std::move(program_);
  }

 private:
  /// Jump targets inside `piece` are relative to its start; they become relative to `to`'s start.
  void append(Code& to, Code piece) const {
    const auto base = static_cast<std::uint32_t>(to.size());
    for (Instruction& i : piece) {
      if (i.op == Op::split || i.op == Op::jump || i.op == Op::look) i.x += base;
      if (i.op == Op::split) i.y += base;
      to.push_back(i);
    }
    if (to.size() > max_code) in_.refuse("a pattern that needs more than 20000 instructions");
  }

  Code alternatives(int depth) {
    if (depth > max_nesting) in_.refuse("nesting deeper than 60 groups");
    Code left = sequence(depth);
    while (in_.take(U'|')) {
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
    while (in_.more() && in_.peek() != '|' && in_.peek() != ')') {
      bool repeatable = true;
      Code piece = atom(depth, repeatable);
      append(out, quantified(std::move(piece), repeatable));
    }
    return out;
  }

  Code quantified(Code piece, bool repeatable) {
    std::uint32_t low = 1;
    std::uint32_t high = 1;
    const std::size_t start = in_.place();
    if (in_.take(U'*')) {
      low = 0, high = unlimited;
    } else if (in_.take(U'+')) {
      high = unlimited;
    } else if (in_.take(U'?')) {
      low = 0;
    } else if (!in_.braces(low, high)) {
      return piece;
    }
    if (!repeatable) {
      in_.go_to(start);
      in_.fail("nothing to repeat");
    }
    const bool lazy = in_.take(U'?');
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
    if (total > max_code) in_.refuse("a pattern that needs more than 20000 instructions");
    const auto end = static_cast<std::uint32_t>(total);
    Code out;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto here = static_cast<std::uint32_t>(out.size());
      out.push_back(choose(here + 1, end, lazy));
      append(out, piece);
    }
    return out;
  }

  Code atom(int depth, bool& repeatable) {
    const char32_t c = in_.next();
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
        return one_of(in_.char_class());
      case '(':
        return group(depth, repeatable);
      case '\\':
        return escape(repeatable);
      case '*':
      case '+':
      case '?':
        in_.go_to(in_.place() - 1);
        in_.fail("nothing to repeat");
      default:
        return {{Op::character, c}};
    }
  }

  Code one_of(CharSet set) {
    program_.sets.push_back(std::move(set));
    return {{Op::set, static_cast<std::uint32_t>(program_.sets.size() - 1)}};
  }

  Code group(int depth, bool& repeatable) {
    if (in_.take(U"?:")) return closed(alternatives(depth + 1));
    if (in_.take(U"?=")) return look(depth, LookKind::ahead, repeatable);
    if (in_.take(U"?!")) return look(depth, LookKind::ahead_not, repeatable);
    if (in_.take(U"?<=")) return look(depth, LookKind::behind, repeatable);
    if (in_.take(U"?<!")) return look(depth, LookKind::behind_not, repeatable);
    if (in_.take(U"?<")) {
      in_.group_name();
    } else if (in_.peek() == '?') {
      const char32_t kind = in_.peek(1);
      if (kind > 0x10FFFF) in_.fail("unclosed (");
      in_.refuse("a group that begins with (?" + encode_utf8(std::u32string_view(&kind, 1)));
    }
    const auto index = static_cast<std::uint32_t>(++next_group_);
    Code out{{Op::save, 2 * index}};
    append(out, closed(alternatives(depth + 1)));
    out.push_back({Op::save, 2 * index + 1});
    return out;
  }

  Code closed(Code inner) {
    if (!in_.take(U')')) in_.fail("unclosed (");
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
    if (!in_.more()) in_.fail("a \\ at the end");
    const char32_t c = in_.peek();
    if (const auto ranges = class_escape(c)) {
      in_.next();
      return one_of({*ranges, false});
    }
    if (c == 'b' || c == 'B') {
      in_.next();
      repeatable = false;
      return {{c == 'b' ? Op::word_edge : Op::no_word_edge}};
    }
    if (c >= '1' && c <= '9') {
      const std::uint32_t index = in_.number();
      if (index > group_count_) in_.fail(fmt::format("no group {}", index));
      return {{Op::backreference, index}};
    }
    if (c == 'k') {
      in_.next();
      return named_reference();
    }
    return {{Op::character, in_.char_escape(false)}};
  }

  Code named_reference() {
    if (!in_.take(U'<')) in_.fail("\\k needs a <name>");
    const auto found = names_.find(in_.group_name());
    if (found == names_.end()) in_.fail("\\k names no group");
    return {{Op::backreference, static_cast<std::uint32_t>(found->second)}};
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

  RegexReader in_;
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

#include "schema/regex.hpp"

#include "base/failure.hpp"
#include "schema/regex_program.hpp"

#include <algorithm>

namespace opsroom::schema {
namespace {

constexpr std::size_t unset = static_cast<std::size_t>(-1);
constexpr std::size_t max_stack = 2'000'000;

bool is_word(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// Runs a program by backtracking; what to come back to lies on a vector, not on the call stack.
class Machine {
 public:
  Machine(const Regex::Program& program, const std::u32string& text, std::size_t& budget)
      : program_(program), text_(text), budget_(budget), registers_(program.registers, unset) {}

  bool search() {
    const bool anchored = program_.code.size() > 1 && program_.code[1].op == Op::begin;
    for (std::size_t start = 0; start <= text_.size(); ++start) {
      std::fill(registers_.begin(), registers_.end(), unset);
      if (run(0, start, unset)) return true;
      if (anchored) break;
    }
    return false;
  }

  std::string group(std::size_t index) const {
    const std::size_t from = registers_[2 * index];
    const std::size_t to = registers_[2 * index + 1];
    if (from == unset || to == unset || to < from) return {};
    return encode_utf8(std::u32string_view(text_).substr(from, to - from));
  }

 private:
  /// Either a place to go on from, or (pc == unset) a register to put back.
  struct Frame {
    std::size_t pc;
    std::size_t a;
    std::size_t b;
  };

  void spend() {
    if (budget_ == 0) {
      throw Failure(
          Code::exhausted,
          "a regular expression takes too many steps on this text",
          "Simplify the pattern: nested repetitions such as (a+)+ are the usual cause."
      );
    }
    --budget_;
  }

  void push(Frame frame) {
    if (stack_.size() >= max_stack) budget_ = 0, spend();
    stack_.push_back(frame);
  }

  void set_register(std::size_t index, std::size_t value) {
    push({unset, index, registers_[index]});
    registers_[index] = value;
  }

  /// Goes back to the last choice above `bottom`; false when there is none.
  bool backtrack(std::size_t bottom, std::size_t& pc, std::size_t& at) {
    while (stack_.size() > bottom) {
      const Frame frame = stack_.back();
      stack_.pop_back();
      if (frame.pc != unset) {
        pc = frame.pc;
        at = frame.a;
        return true;
      }
      registers_[frame.a] = frame.b;
    }
    return false;
  }

  /// `must_end`: where the match has to stop (look-behind), or unset. On success the choices made
  /// are forgotten but register changes stay; on failure everything is as it was.
  bool run(std::size_t pc, std::size_t at, std::size_t must_end) {
    const std::size_t bottom = stack_.size();
    while (true) {
      spend();
      const Instruction& i = program_.code[pc];
      if (i.op == Op::accept && (must_end == unset || at == must_end)) {
        keep_registers(bottom);
        return true;
      }
      if (i.op == Op::split) {
        push({i.y, at, 0});
        pc = i.x;
      } else if (i.op == Op::jump) {
        pc = i.x;
      } else if (step(i, pc, at)) {
        pc = i.op == Op::look ? i.x : pc + 1;
      } else if (!backtrack(bottom, pc, at)) {
        return false;
      }
    }
  }

  // A caller that fails later must still be able to undo what a look-ahead captured.
  void keep_registers(std::size_t bottom) {
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(bottom);
    stack_.erase(
        std::remove_if(from, stack_.end(), [](const Frame& f) { return f.pc != unset; }),
        stack_.end()
    );
  }

  bool step(const Instruction& i, std::size_t pc, std::size_t& at) {
    switch (i.op) {
      case Op::character:
        if (at >= text_.size() || text_[at] != i.x) return false;
        ++at;
        return true;
      case Op::set:
        if (at >= text_.size() || !program_.sets[i.x].has(text_[at])) return false;
        ++at;
        return true;
      case Op::save:
        set_register(i.x, at);
        return true;
      case Op::begin:
        return at == 0;
      case Op::end:
        return at == text_.size();
      case Op::word_edge:
        return on_edge(at);
      case Op::no_word_edge:
        return !on_edge(at);
      case Op::backreference:
        return same_again(i.x, at);
      case Op::look:
        return look(pc, at, i.y);
      case Op::progress:
        return registers_[i.x] != at;
      default:
        return false;
    }
  }

  bool on_edge(std::size_t at) const {
    const bool before = at > 0 && is_word(text_[at - 1]);
    const bool after = at < text_.size() && is_word(text_[at]);
    return before != after;
  }

  bool same_again(std::size_t group, std::size_t& at) {
    const std::size_t from = registers_[2 * group];
    const std::size_t to = registers_[2 * group + 1];
    if (from == unset || to == unset || to < from) return true;
    const std::size_t length = to - from;
    if (at + length > text_.size()) return false;
    for (std::size_t i = 0; i < length; ++i) {
      spend();
      if (text_[from + i] != text_[at + i]) return false;
    }
    at += length;
    return true;
  }

  // Recursion is as deep as look-arounds are nested in the pattern, which the compiler bounds.
  bool look(std::size_t pc, std::size_t at, std::uint32_t kind) {
    const bool wanted = kind == LookKind::ahead || kind == LookKind::behind;
    const std::size_t bottom = stack_.size();
    bool found = false;
    if (kind == LookKind::ahead || kind == LookKind::ahead_not) {
      found = run(pc + 1, at, unset);
    } else {
      for (std::size_t back = 0; back <= at && !found; ++back)
        found = run(pc + 1, at - back, at);
    }
    if (found && !wanted) {
      std::size_t ignored = 0;
      backtrack(bottom, ignored, ignored);
    }
    return found == wanted;
  }

  const Regex::Program& program_;
  const std::u32string& text_;
  std::size_t& budget_;
  std::vector<std::size_t> registers_;
  std::vector<Frame> stack_;
};

}  // namespace

Regex::Regex(std::string_view pattern)
    : program_(std::make_shared<const Program>(compile_regex(pattern))) {}

Regex::Result Regex::search(std::string_view text, std::size_t& budget) const {
  const std::u32string decoded = decode_utf8(text);
  Machine machine(*program_, decoded, budget);
  Result result;
  result.found = machine.search();
  if (!result.found) return result;
  for (std::size_t i = 0; i < program_->groups; ++i)
    result.groups.push_back(machine.group(i));
  return result;
}

std::size_t Regex::size() const {
  return program_->code.size();
}

bool Regex::matches(std::string_view text, std::size_t& budget) const {
  const std::u32string decoded = decode_utf8(text);
  return Machine(*program_, decoded, budget).search();
}

}  // namespace opsroom::schema

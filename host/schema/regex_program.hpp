#pragma once

#include "schema/regex.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace opsroom::schema {

/// A set of code points as ranges, possibly negated.
struct CharSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  bool negated = false;
  bool has(char32_t c) const {
    for (const auto& [low, high] : ranges) {
      if (c >= low && c <= high) return !negated;
    }
    return negated;
  }
};

enum class Op : std::uint8_t {
  character,      ///< x = code point
  set,            ///< x = index of the set
  split,          ///< try x, then y
  jump,           ///< to x
  save,           ///< register x = position
  begin,          ///< ^
  end,            ///< $
  word_edge,      ///< \b
  no_word_edge,   ///< \B
  backreference,  ///< group x
  look,           ///< sub-program follows, continues at x; y = LookKind
  accept,         ///< end of the program or of a sub-program
  progress,       ///< fail unless the position has moved since register x was saved
};

enum LookKind : std::uint32_t { ahead = 0, ahead_not = 1, behind = 2, behind_not = 3 };

struct Instruction {
  Op op;
  std::uint32_t x = 0;
  std::uint32_t y = 0;
};

/// What a pattern compiles to. Registers 2n and 2n+1 hold group n; those behind them watch loops.
struct Regex::Program {
  std::vector<Instruction> code;
  std::vector<CharSet> sets;
  std::size_t groups = 1;
  std::size_t registers = 2;
};

/// Failure as Regex::Regex.
Regex::Program compile_regex(std::string_view pattern);

}  // namespace opsroom::schema

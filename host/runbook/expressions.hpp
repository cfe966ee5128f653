#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace opsroom::runbook {

/// Replaces every `${{ }}` in the strings of `with`, keys excepted. `scope` is an object whose
/// members are the names an expression may use (inputs, steps, lane, run, session, ...). A string
/// that is one whole `${{ }}` becomes the value itself; otherwise the value is put into the text.
/// `$${{` stands for a literal `${{`. Failure{invalid} names the field (a JSON Pointer), the
/// expression and, for an unknown name, what exists; Failure{exhausted} when an expression exceeds
/// its bounds in time or memory. Blocks for at most about a second per expression; ordinary ones
/// take some 50 microseconds.
Json resolve(const Json& with, const Json& scope);

/// Where in a text an expression stands.
struct Expression {
  std::size_t begin;   ///< byte of the "${{"
  std::size_t end;     ///< byte after the "}}"
  std::string source;  ///< what stands between, trimmed
};

/// The expressions of a text in order; Failure{invalid} when one is not closed.
std::vector<Expression> find_expressions(std::string_view text);

/// Says what is wrong with the syntax of an expression; empty when nothing. Runs nothing.
std::string syntax_error(const std::string& source);

}  // namespace opsroom::runbook

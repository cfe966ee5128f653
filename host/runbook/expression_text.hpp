#pragma once

#include "runbook/expressions.hpp"

#include <string>
#include <vector>

namespace opsroom::runbook {

/// `root.member` or `root["member"]` in an expression; `member` is empty when it is not a constant.
struct Reference {
  std::string root;
  std::string member;
};

/// The names an expression uses, found without running it. Nothing when the expression defines
/// functions, since their parameters look the same.
std::vector<Reference> references(const std::string& source);

/// Literal text between expressions: `$${{` stands for `${{`.
std::string unescaped(std::string_view text);

}  // namespace opsroom::runbook

#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace opsroom::runbook {

/// What bounds one expression.
struct LuaLimits {
  long instructions = 1'000'000;
  std::size_t memory = 16u << 20;       ///< bytes in use at one time
  std::size_t traffic = 256u << 20;     ///< bytes allocated or looked at in all
  std::size_t regex_steps = 2'000'000;  ///< of matches() and capture() together
  int milliseconds = 1000;
};

/// Evaluates one Lua 5.4 expression over the members of `scope`, which are its global names. The
/// state is made for it and thrown away, so no expression sees what another did. Data is not
/// translated into code and mostly not even copied: Lua sees read-only views of the JSON.
/// Failure{invalid} is the expression's fault, Failure{exhausted} when a limit is exceeded.
Json evaluate_lua(const std::string& source, const Json& scope, const LuaLimits& limits = {});

/// The message of the Lua compiler; empty when `source` is an expression.
std::string lua_syntax_error(const std::string& source);

/// Global names every expression has beside those of its scope.
const std::vector<std::string>& lua_library_names();

}  // namespace opsroom::runbook

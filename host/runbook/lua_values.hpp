#pragma once

// Only the lua_*.cpp files include this. Lua is linked in its C++ build (lua5.4-c++), in which an
// error is a C++ exception: locals of functions between lua_error and the protected call are
// destroyed.
#include "base/json.hpp"
#include "runbook/lua_sandbox.hpp"

#include <lua.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace opsroom::runbook::lua {

/// Counts what an expression uses; found again through the extra space of its state.
struct Meter {
  LuaLimits limits;
  long instructions = 0;
  std::size_t memory = 0;
  std::size_t traffic = 0;
  std::size_t regex_steps = 0;
  unsigned charges = 0;
  std::chrono::steady_clock::time_point deadline;
  std::string exhausted;  ///< which limit, once one is exceeded
};

Meter& meter_of(lua_State* state);

/// Notes `bytes` of work done outside of Lua's own sight; raises a Lua error beyond the limit.
void charge(lua_State* state, std::size_t bytes);

/// Raises a Lua error once the deadline has passed.
void check_clock(lua_State* state);

/// Raises a Lua error that reports `limit` as used up.
[[noreturn]] void exhaust(lua_State* state, const std::string& limit);
/// Raises a Lua error with this message.
[[noreturn]] void raise(lua_State* state, const std::string& message);

/// Makes the metatables of views and of null. Once per state.
void register_views(lua_State* state);

/// Pushes a value: scalars by copy, containers as a view called `name` in messages. `value` has to
/// outlive the state.
void push_json(lua_State* state, const Json& value, const std::string& name);
void push_null(lua_State* state);

/// The JSON behind a view at `index`, or nullptr.
const Json* view_at(lua_State* state, int index);
bool is_null_at(lua_State* state, int index);

/// Copies a Lua value; raises a Lua error for what JSON cannot say (functions, cycles, nil, NaN).
Json to_json(lua_State* state, int index);

/// Puts the permitted functions into the table on top of the stack.
void install_library(lua_State* state);

}  // namespace opsroom::runbook::lua

#include "runbook/lua_sandbox.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/lua_values.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_source = 16'384;
constexpr int hook_interval = 1000;

/// Lua's allocator. While memory is being given back it never refuses, as Lua demands.
void* allocate(void* user, void* block, std::size_t old_size, std::size_t new_size) {
  auto& meter = *static_cast<lua::Meter*>(user);
  const std::size_t held = block == nullptr ? 0 : old_size;
  if (new_size == 0) {
    std::free(block);
    meter.memory -= held;
    return nullptr;
  }
  if (new_size > held) {
    if (meter.memory - held + new_size > meter.limits.memory) {
      meter.exhausted = fmt::format("needs more than {} MiB", meter.limits.memory >> 20);
      return nullptr;
    }
    meter.traffic += new_size - held;
    if (meter.traffic > meter.limits.traffic) {
      meter.exhausted = fmt::format("moves more than {} MiB", meter.limits.traffic >> 20);
      return nullptr;
    }
  }
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) meter.memory = meter.memory - held + new_size;
  return moved;
}

void count_instructions(lua_State* state, lua_Debug*) {
  lua::Meter& meter = lua::meter_of(state);
  meter.instructions += hook_interval;
  if (meter.instructions > meter.limits.instructions) {
    lua::exhaust(state, fmt::format("takes more than {} instructions", meter.limits.instructions));
  }
  lua::check_clock(state);
}

struct Close {
  void operator()(lua_State* state) const { lua_close(state); }
};
using State = std::unique_ptr<lua_State, Close>;

/// One evaluation, handed through Lua's protected call.
struct Work {
  const std::string& source;
  const Json& scope;
  Json result;
};

/// __index of the globals: what is not in the scope is a mistake, not nil.
int global_index(lua_State* state) {
  const auto& work = *static_cast<Work*>(lua_touserdata(state, lua_upvalueindex(1)));
  const std::string name = luaL_checkstring(state, 2);
  if (const auto found = work.scope.find(name); found != work.scope.end()) {
    lua::push_json(state, *found, name);
    return 1;
  }
  lua_pushvalue(state, 2);
  lua_rawget(state, lua_upvalueindex(2));
  if (!lua_isnil(state, -1)) return 1;
  std::vector<std::string> known;
  for (const auto& [key, value] : work.scope.items())
    known.push_back(key);
  std::string text = fmt::format("unknown name {}; there are {}", name, listing(known, 12));
  if (const auto near = nearest(name, known)) text += fmt::format("; did you mean {}?", *near);
  lua::raise(state, text);
}

int global_new_index(lua_State* state) {
  lua::raise(state, "an expression cannot set variables");
}

void push_environment(lua_State* state, Work& work) {
  lua_newtable(state);
  lua_newtable(state);
  lua_pushlightuserdata(state, &work);
  lua_newtable(state);
  lua::install_library(state);
  lua_pushcclosure(state, global_index, 2);
  lua_setfield(state, -2, "__index");
  lua_pushcfunction(state, global_new_index);
  lua_setfield(state, -2, "__newindex");
  lua_setmetatable(state, -2);
}

int load(lua_State* state, const std::string& source) {
  const std::string chunk = "return " + source;
  return luaL_loadbufferx(state, chunk.data(), chunk.size(), "=expression", "t");
}

int run(lua_State* state) {
  Work& work = *static_cast<Work*>(lua_touserdata(state, 1));
  lua_settop(state, 0);
  lua::register_views(state);
  if (load(state, work.source) != LUA_OK) lua_error(state);
  push_environment(state, work);
  lua_setupvalue(state, 1, 1);
  lua_sethook(state, count_instructions, LUA_MASKCOUNT, hook_interval);
  lua_call(state, 0, LUA_MULTRET);
  if (lua_gettop(state) != 1) {
    lua::raise(state, fmt::format("the expression gives {} values, not one", lua_gettop(state)));
  }
  work.result = lua::to_json(state, 1);
  return 0;
}

std::string without_position(std::string message) {
  constexpr std::string_view prefix = "expression:";
  if (!message.starts_with(prefix)) return message;
  const std::size_t end = message.find(": ", prefix.size());
  if (end == std::string::npos) return message;
  message.erase(0, end + 2);
  if (const std::size_t at = message.find("near <eof>"); at != std::string::npos) {
    message.replace(at, 10, "at its end");
  }
  return message;
}

State new_state(lua::Meter& meter) {
  State state(lua_newstate(allocate, &meter));
  if (!state) throw Failure(Code::exhausted, "no memory for an expression");
  *static_cast<lua::Meter**>(lua_getextraspace(state.get())) = &meter;
  return state;
}

lua::Meter new_meter(const LuaLimits& limits) {
  lua::Meter meter;
  meter.limits = limits;
  meter.regex_steps = limits.regex_steps;
  meter.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits.milliseconds);
  return meter;
}

void refuse_long(const std::string& source) {
  if (source.size() <= max_source) return;
  throw Failure(Code::invalid, fmt::format("the expression is longer than {} bytes", max_source));
}

std::string message_on_top(lua_State* state) {
  const char* text = lua_tostring(state, -1);
  return without_position(text == nullptr ? "it failed without a message" : text);
}

}  // namespace

Json evaluate_lua(const std::string& source, const Json& scope, const LuaLimits& limits) {
  refuse_long(source);
  lua::Meter meter = new_meter(limits);
  Work work{source, scope, nullptr};
  const State state = new_state(meter);
  lua_pushcfunction(state.get(), run);
  lua_pushlightuserdata(state.get(), &work);
  if (lua_pcall(state.get(), 1, 0, 0) == LUA_OK) return std::move(work.result);
  if (!meter.exhausted.empty()) {
    throw Failure(
        Code::exhausted, "it " + meter.exhausted, "Do heavy work in a tool and use its output here."
    );
  }
  throw Failure(Code::invalid, message_on_top(state.get()));
}

std::string lua_syntax_error(const std::string& source) {
  refuse_long(source);
  if (source.empty()) return "it is empty";
  lua::Meter meter = new_meter({});
  const State state = new_state(meter);
  return load(state.get(), source) == LUA_OK ? std::string() : message_on_top(state.get());
}

}  // namespace opsroom::runbook

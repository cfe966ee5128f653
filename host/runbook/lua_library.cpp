#include "base/failure.hpp"
#include "runbook/lua_values.hpp"
#include "schema/regex.hpp"

#include <fmt/format.h>

#include <cstring>

namespace opsroom::runbook::lua {
namespace {

std::string_view text_argument(lua_State* state, int index) {
  std::size_t length = 0;
  const char* bytes = luaL_checklstring(state, index, &length);
  charge(state, length);
  return {bytes, length};
}

void push_text(lua_State* state, std::string_view text) {
  lua_pushlstring(state, text.data(), text.size());
}

/// string_view::find is quadratic at worst; memmem is linear.
std::size_t find_plain(std::string_view text, std::string_view wanted, std::size_t from) {
  const void* at = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

int type_of(lua_State* state) {
  luaL_checkany(state, 1);
  if (view_at(state, 1) != nullptr) {
    push_text(state, "table");
  } else if (is_null_at(state, 1)) {
    push_text(state, "null");
  } else {
    push_text(state, luaL_typename(state, 1));
  }
  return 1;
}

int to_text(lua_State* state) {
  luaL_checkany(state, 1);
  // Lua would print an address, which differs from run to run.
  if (lua_istable(state, 1) || lua_isfunction(state, 1)) {
    raise(state, "tostring: not for tables and functions; json(x) writes a table");
  }
  luaL_tolstring(state, 1, nullptr);
  return 1;
}

int has(lua_State* state) {
  const auto key = text_argument(state, 2);
  if (const Json* view = view_at(state, 1)) {
    lua_pushboolean(state, view->is_object() && view->contains(key) ? 1 : 0);
    return 1;
  }
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_pushvalue(state, 2);
  lua_rawget(state, 1);
  lua_pushboolean(state, lua_isnil(state, -1) ? 0 : 1);
  return 1;
}

int json(lua_State* state) {
  const std::string text = dump(to_json(state, 1));
  charge(state, text.size());
  push_text(state, text);
  return 1;
}

schema::Regex::Result search(lua_State* state) {
  const auto text = text_argument(state, 1);
  const auto pattern = text_argument(state, 2);
  Meter& meter = meter_of(state);
  try {
    return schema::Regex(pattern).search(text, meter.regex_steps);
  } catch (const Failure& failure) {
    if (failure.code() == Code::exhausted) exhaust(state, failure.message());
    raise(state, failure.message());
  }
}

int matches(lua_State* state) {
  lua_pushboolean(state, search(state).found ? 1 : 0);
  return 1;
}

/// The groups of the first match, or the whole match when there are none; null when nothing
/// matches.
int capture(lua_State* state) {
  const auto result = search(state);
  if (!result.found) {
    push_null(state);
    return 1;
  }
  const std::size_t first = result.groups.size() > 1 ? 1 : 0;
  luaL_checkstack(state, static_cast<int>(result.groups.size()), "groups");
  for (std::size_t i = first; i < result.groups.size(); ++i)
    push_text(state, result.groups[i]);
  return static_cast<int>(result.groups.size() - first);
}

/// As string.rep, which would loop for ever over an empty text.
int repeat(lua_State* state) {
  const auto text = text_argument(state, 1);
  const lua_Integer count = luaL_checkinteger(state, 2);
  const auto separator = lua_isnoneornil(state, 3) ? std::string_view() : text_argument(state, 3);
  if (count < 1 || text.size() + separator.size() == 0) {
    push_text(state, "");
    return 1;
  }
  const std::size_t limit = meter_of(state).limits.memory;
  if (static_cast<std::size_t>(count) > limit / (text.size() + separator.size())) {
    exhaust(state, fmt::format("string.rep would need more than {} MiB", limit >> 20));
  }
  std::string out;
  for (lua_Integer i = 0; i < count; ++i) {
    if (i > 0) out += separator;
    out += text;
  }
  charge(state, out.size());
  push_text(state, out);
  return 1;
}

/// Plain search only: Lua's patterns backtrack without a limit that could be set from outside.
int find(lua_State* state) {
  const auto text = text_argument(state, 1);
  const auto wanted = text_argument(state, 2);
  const lua_Integer from = luaL_optinteger(state, 3, 1);
  const auto start = static_cast<std::size_t>(std::max<lua_Integer>(from, 1) - 1);
  if (start > text.size()) {
    lua_pushnil(state);
    return 1;
  }
  const std::size_t at = find_plain(text, wanted, start);
  if (at == std::string_view::npos) {
    lua_pushnil(state);
    return 1;
  }
  const auto offset = static_cast<lua_Integer>(at);
  lua_pushinteger(state, offset + 1);
  lua_pushinteger(state, offset + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int trim(lua_State* state) {
  const auto text = text_argument(state, 1);
  constexpr std::string_view blank = " \t\r\n\v\f";
  const std::size_t from = text.find_first_not_of(blank);
  if (from == std::string_view::npos) {
    push_text(state, "");
  } else {
    push_text(state, text.substr(from, text.find_last_not_of(blank) - from + 1));
  }
  return 1;
}

int split(lua_State* state) {
  const auto text = text_argument(state, 1);
  const auto separator =
      lua_isnoneornil(state, 2) ? std::string_view("\n") : text_argument(state, 2);
  if (separator.empty()) raise(state, "string.split: the separator is empty");
  lua_newtable(state);
  std::size_t from = 0;
  for (lua_Integer i = 1;; ++i) {
    const std::size_t at = find_plain(text, separator, from);
    push_text(state, text.substr(from, at - from));
    lua_rawseti(state, -2, i);
    if (at == std::string_view::npos) return 1;
    from = at + separator.size();
  }
}

/// As table.insert at the end; in the middle it would move elements uncounted.
int append(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  luaL_checkany(state, 2);
  lua_settop(state, 2);
  lua_rawseti(state, 1, static_cast<lua_Integer>(lua_rawlen(state, 1)) + 1);
  return 0;
}

struct Named {
  const char* name;
  lua_CFunction function;
};

/// Opens a standard library and copies some of its functions into the table on top of the stack;
/// the library itself stays out of reach.
void pick(lua_State* state, lua_CFunction open, std::initializer_list<const char*> names) {
  lua_pushcfunction(state, open);
  lua_call(state, 0, 1);
  for (const char* name : names) {
    lua_getfield(state, -1, name);
    lua_setfield(state, -3, name);
  }
  lua_pop(state, 1);
}

void add(lua_State* state, std::initializer_list<Named> functions) {
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(state, function);
    lua_setfield(state, -2, name);
  }
}

void string_library(lua_State* state) {
  lua_newtable(state);
  pick(
      state, luaopen_string, {"byte", "char", "format", "len", "lower", "upper", "reverse", "sub"}
  );
  add(state, {{"rep", repeat}, {"find", find}, {"trim", trim}, {"split", split}});
  add(state, {{"matches", matches}, {"capture", capture}});
  // luaopen_string made the whole library the methods of strings; put ours in its place.
  lua_pushliteral(state, "");
  lua_getmetatable(state, -1);
  lua_pushvalue(state, -3);
  lua_setfield(state, -2, "__index");
  lua_pop(state, 2);
}

}  // namespace

void install_library(lua_State* state) {
  pick(state, luaopen_base, {"ipairs", "pairs", "select", "tonumber"});
  add(state, {{"type", type_of}, {"tostring", to_text}, {"has", has}, {"json", json}});
  string_library(state);
  lua_setfield(state, -2, "string");
  lua_newtable(state);
  pick(
      state,
      luaopen_math,
      {"abs",
       "ceil",
       "floor",
       "max",
       "min",
       "fmod",
       "sqrt",
       "tointeger",
       "type",
       "ult",
       "pi",
       "huge",
       "maxinteger",
       "mininteger"}
  );
  lua_setfield(state, -2, "math");
  lua_newtable(state);
  pick(state, luaopen_table, {"concat", "unpack"});
  add(state, {{"insert", append}});
  lua_setfield(state, -2, "table");
  push_null(state);
  lua_setfield(state, -2, "null");
}

}  // namespace opsroom::runbook::lua

namespace opsroom::runbook {

const std::vector<std::string>& lua_library_names() {
  static const std::vector<std::string> names = {
      "has",
      "ipairs",
      "json",
      "math",
      "null",
      "pairs",
      "select",
      "string",
      "table",
      "tonumber",
      "tostring",
      "type"
  };
  return names;
}

}  // namespace opsroom::runbook

#include "runbook/lua_values.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace opsroom::runbook::lua {
namespace {

constexpr const char* view_type = "opsroom.view";
constexpr int max_result_depth = 64;
// What a value costs beside its text: about what it takes in memory with its container.
constexpr std::size_t cost_of_node = 128;
constexpr unsigned calls_between_clocks = 1024;

// Its address is the light userdata that stands for JSON null.
char null_marker = 0;

/// A view is this pointer with the value's name as its user value.
struct View {
  const Json* json;
};

std::string name_of_view(lua_State* state, int index) {
  lua_getiuservalue(state, index, 1);
  std::string name = lua_tostring(state, -1);
  lua_pop(state, 1);
  return name;
}

std::string keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items())
    keys.push_back(key);
  return keys.empty() ? "nothing" : listing(keys);
}

bool is_identifier(const std::string& text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
         ) == std::string::npos;
}

std::string member_name(const std::string& parent, const std::string& key) {
  return is_identifier(key) ? parent + "." + key : fmt::format("{}[\"{}\"]", parent, key);
}

[[noreturn]] void unknown_member(
    lua_State* state, const Json& object, const std::string& name, const std::string& key
) {
  std::vector<std::string> keys;
  for (const auto& [known, value] : object.items())
    keys.push_back(known);
  std::string text =
      fmt::format("unknown name {}; {} has {}", member_name(name, key), name, keys_of(object));
  if (const auto near = nearest(key, keys)) {
    text += fmt::format("; did you mean {}?", member_name(name, *near));
  } else {
    for (const std::string& known : keys) {
      if (!known.starts_with(key + "-")) continue;
      text += fmt::format("; a name with a dash is written {}", member_name(name, known));
      break;
    }
  }
  raise(state, text);
}

int view_index(lua_State* state) {
  const Json& json = *static_cast<View*>(lua_touserdata(state, 1))->json;
  const std::string name = name_of_view(state, 1);
  if (json.is_array()) {
    if (lua_isinteger(state, 2) == 0) {
      raise(
          state, fmt::format("{} is an array: index it by 1, 2, ...; its length is #{}", name, name)
      );
    }
    const lua_Integer index = lua_tointeger(state, 2);
    if (index < 1 || static_cast<lua_Unsigned>(index) > json.size()) {
      lua_pushnil(state);
    } else {
      push_json(
          state, json[static_cast<std::size_t>(index - 1)], fmt::format("{}[{}]", name, index)
      );
    }
    return 1;
  }
  if (lua_type(state, 2) != LUA_TSTRING) raise(state, fmt::format("{} is indexed by names", name));
  const std::string key = lua_tostring(state, 2);
  const auto found = json.find(key);
  if (found == json.end()) unknown_member(state, json, name, key);
  push_json(state, *found, member_name(name, key));
  return 1;
}

int view_new_index(lua_State* state) {
  raise(state, name_of_view(state, 1) + " cannot be changed");
}

int view_length(lua_State* state) {
  lua_pushinteger(state, static_cast<lua_Integer>(view_at(state, 1)->size()));
  return 1;
}

int view_equal(lua_State* state) {
  const Json* a = view_at(state, 1);
  const Json* b = view_at(state, 2);
  lua_pushboolean(state, a != nullptr && b != nullptr && *a == *b ? 1 : 0);
  return 1;
}

int view_text(lua_State* state) {
  const std::string text = dump(*view_at(state, 1));
  charge(state, text.size());
  lua_pushlstring(state, text.data(), text.size());
  return 1;
}

/// The iterator of pairs(view): the member after a key.
int view_next(lua_State* state) {
  const Json& json = *view_at(state, 1);
  const std::string name = name_of_view(state, 1);
  if (json.is_array()) {
    const lua_Integer next = lua_isnil(state, 2) ? 1 : lua_tointeger(state, 2) + 1;
    if (next < 1 || static_cast<lua_Unsigned>(next) > json.size()) return 0;
    lua_pushinteger(state, next);
    push_json(state, json[static_cast<std::size_t>(next - 1)], fmt::format("{}[{}]", name, next));
    return 2;
  }
  auto at = json.begin();
  if (!lua_isnil(state, 2)) {
    at = json.find(lua_tostring(state, 2));
    if (at == json.end()) return 0;
    ++at;
  }
  if (at == json.end()) return 0;
  lua_pushlstring(state, at.key().data(), at.key().size());
  push_json(state, *at, member_name(name, at.key()));
  return 2;
}

int view_pairs(lua_State* state) {
  lua_pushcfunction(state, view_next);
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

int null_text(lua_State* state) {
  lua_pushliteral(state, "null");
  return 1;
}

int null_index(lua_State* state) {
  raise(state, "null has no members");
}

/// Copies with a budget, since a small table may stand for a huge value by naming itself often.
class Copier {
 public:
  explicit Copier(lua_State* state) : state_(state) {}

  Json copy(int index, int depth) {
    index = lua_absindex(state_, index);
    if (depth > max_result_depth) raise(state_, "the result contains itself or nests too deeply");
    charge(state_, cost_of_node);
    if (const Json* view = view_at(state_, index)) return copy_view(*view);
    switch (lua_type(state_, index)) {
      case LUA_TBOOLEAN:
        return lua_toboolean(state_, index) != 0;
      case LUA_TNUMBER:
        return number(index);
      case LUA_TSTRING:
        return text(index);
      case LUA_TTABLE:
        return table(index, depth);
      case LUA_TNIL:
        raise(state_, "the result is nil (nothing); write null for a JSON null");
      default:
        if (is_null_at(state_, index)) return nullptr;
        raise(state_, fmt::format("the result holds a {}", luaL_typename(state_, index)));
    }
  }

 private:
  Json copy_view(const Json& json) {
    weigh(json);
    return json;
  }

  void weigh(const Json& json) {
    charge(state_, cost_of_node);
    if (json.is_string()) charge(state_, json.get_ref<const std::string&>().size());
    if (!json.is_structured()) return;
    for (const auto& [key, value] : json.items()) {
      charge(state_, key.size());
      weigh(value);
    }
  }

  Json number(int index) {
    if (lua_isinteger(state_, index) != 0) {
      return static_cast<std::int64_t>(lua_tointeger(state_, index));
    }
    const double value = lua_tonumber(state_, index);
    if (!std::isfinite(value)) raise(state_, "the result is infinite or not a number");
    return value;
  }

  std::string text(int index) {
    std::size_t length = 0;
    const char* bytes = lua_tolstring(state_, index, &length);
    charge(state_, length);
    std::string copy(bytes, length);
    if (printable_utf8(copy) != copy) raise(state_, "the result holds text that is not UTF-8");
    return copy;
  }

  Json table(int index, int depth) {
    const auto length = static_cast<lua_Integer>(lua_rawlen(state_, index));
    Json list = Json::array();
    Json object = Json::object();
    lua_Integer positions = 0;
    lua_pushnil(state_);
    while (lua_next(state_, index) != 0) {
      if (lua_isinteger(state_, -2) != 0) {
        const lua_Integer key = lua_tointeger(state_, -2);
        if (key < 1 || key > length) raise(state_, "the result has an array with holes");
        if (list.empty()) {
          charge(state_, static_cast<std::size_t>(length) * sizeof(Json));
          list = Json(static_cast<std::size_t>(length), nullptr);
        }
        list[static_cast<std::size_t>(key - 1)] = copy(-1, depth + 1);
        ++positions;
      } else if (lua_type(state_, -2) == LUA_TSTRING) {
        object[text(-2)] = copy(-1, depth + 1);
      } else {
        raise(state_, "the result has a table key that is neither a name nor a position");
      }
      lua_pop(state_, 1);
    }
    if (positions != length) raise(state_, "the result has an array with holes");
    if (!list.empty() && !object.empty()) raise(state_, "the result mixes an array and an object");
    return object.empty() ? list : object;
  }

  lua_State* state_;
};

void set_method(lua_State* state, const char* name, lua_CFunction function) {
  lua_pushcfunction(state, function);
  lua_setfield(state, -2, name);
}

}  // namespace

Meter& meter_of(lua_State* state) {
  return **static_cast<Meter**>(lua_getextraspace(state));
}

void raise(lua_State* state, const std::string& message) {
  lua_pushlstring(state, message.data(), message.size());
  lua_error(state);
  std::abort();  // lua_error does not return
}

void exhaust(lua_State* state, const std::string& limit) {
  meter_of(state).exhausted = limit;
  raise(state, limit);
}

void charge(lua_State* state, std::size_t bytes) {
  Meter& meter = meter_of(state);
  meter.traffic += bytes;
  if (meter.traffic > meter.limits.traffic) {
    exhaust(state, fmt::format("moves more than {} MiB", meter.limits.traffic >> 20));
  }
  // The instruction hook does not run inside of our functions.
  if (++meter.charges % calls_between_clocks == 0) check_clock(state);
}

void check_clock(lua_State* state) {
  const Meter& meter = meter_of(state);
  if (std::chrono::steady_clock::now() <= meter.deadline) return;
  exhaust(state, fmt::format("takes more than {} ms", meter.limits.milliseconds));
}

void register_views(lua_State* state) {
  luaL_newmetatable(state, view_type);
  set_method(state, "__index", view_index);
  set_method(state, "__newindex", view_new_index);
  set_method(state, "__len", view_length);
  set_method(state, "__eq", view_equal);
  set_method(state, "__pairs", view_pairs);
  set_method(state, "__tostring", view_text);
  lua_pop(state, 1);
  push_null(state);
  lua_newtable(state);
  set_method(state, "__index", null_index);
  set_method(state, "__tostring", null_text);
  lua_setmetatable(state, -2);  // shared by all light userdata, and there is no other
  lua_pop(state, 1);
}

void push_null(lua_State* state) {
  lua_pushlightuserdata(state, &null_marker);
}

bool is_null_at(lua_State* state, int index) {
  return lua_islightuserdata(state, index) != 0 && lua_touserdata(state, index) == &null_marker;
}

const Json* view_at(lua_State* state, int index) {
  auto* view = static_cast<View*>(luaL_testudata(state, index, view_type));
  return view == nullptr ? nullptr : view->json;
}

void push_json(lua_State* state, const Json& value, const std::string& name) {
  switch (value.type()) {
    case Json::value_t::null:
      push_null(state);
      return;
    case Json::value_t::boolean:
      lua_pushboolean(state, value.get<bool>() ? 1 : 0);
      return;
    case Json::value_t::number_integer:
      lua_pushinteger(state, value.get<std::int64_t>());
      return;
    case Json::value_t::number_unsigned:
      if (value.get<std::uint64_t>() <= INT64_MAX) {
        lua_pushinteger(state, value.get<std::int64_t>());
        return;
      }
      lua_pushnumber(state, value.get<double>());
      return;
    case Json::value_t::number_float:
      lua_pushnumber(state, value.get<double>());
      return;
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      lua_pushlstring(state, text.data(), text.size());
      return;
    }
    default:
      break;
  }
  static_cast<View*>(lua_newuserdatauv(state, sizeof(View), 1))->json = &value;
  luaL_setmetatable(state, view_type);
  lua_pushlstring(state, name.data(), name.size());
  lua_setiuservalue(state, -2, 1);
}

Json to_json(lua_State* state, int index) {
  luaL_checkstack(state, 4 * max_result_depth, "result");
  return Copier(state).copy(index, 0);
}

}  // namespace opsroom::runbook::lua

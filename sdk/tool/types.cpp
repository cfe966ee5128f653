#include <nlohmann/json.hpp>

#include <opsroom/tool/types.hpp>
#include <string_view>

namespace opsroom::tool::detail {
namespace {

constexpr std::size_t longest = 60;

/// Goes no further than what is shown: the value may be as big and as deep as it likes.
void put_short(const json& value, std::string& text) {
  const bool array = value.is_array();
  if (value.is_string()) {
    const json start = value.get_ref<const std::string&>().substr(0, longest);
    text += start.dump(-1, ' ', true, json::error_handler_t::replace);
  } else if (array || value.is_object()) {
    text += array ? '[' : '{';
    bool first = true;
    for (const auto& [key, each] : value.items()) {
      if (text.size() > longest) return;
      if (!first) text += ',';
      first = false;
      if (!array) {
        put_short(key, text);
        text += ':';
      }
      put_short(each, text);
    }
    text += array ? ']' : '}';
  } else {
    text += value.dump(-1, ' ', true, json::error_handler_t::replace);
  }
}

}  // namespace

std::string shown(const json& value) {
  std::string text;
  put_short(value, text);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

std::string child(const std::string& pointer, std::string_view key) {
  std::string path = pointer + '/';
  for (const char letter : key) {
    if (letter == '~')
      path += "~0";
    else if (letter == '/')
      path += "~1";
    else
      path += letter;
  }
  return path;
}

}  // namespace opsroom::tool::detail

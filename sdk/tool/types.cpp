#include <opsroom/tool/types.hpp>
#include <string_view>

namespace opsroom::tool::detail {

std::string shown(const json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
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

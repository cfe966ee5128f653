#include "tools/foreign_variables.hpp"

#include "tools/surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace opsroom::tools {
namespace {

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_';
         });
}

std::string variable_for(std::string_view input) {
  std::string name;
  for (const char c : input) {
    const auto letter = static_cast<unsigned char>(c);
    name += std::isalnum(letter) != 0 ? static_cast<char>(std::toupper(letter)) : '_';
  }
  const bool digit_first = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0;
  return digit_first || name.empty() ? "INPUT_" + name : name;
}

std::string reference(std::string_view name) {
  return fmt::format("${{env:{}}}", name);
}

/// What stands for `${inside}`; none when it has to stay as it is.
std::string stands_for(std::string_view inside, std::vector<std::string>& notes) {
  if (inside.starts_with("env:") || inside.starts_with("file:")) {
    return fmt::format("${{{}}}", inside);
  }
  if (inside.starts_with("input:")) {
    const std::string name = variable_for(inside.substr(6));
    notes.push_back(fmt::format(
        "${{{}}} was asked for there; here set the environment variable {}", visible(inside), name
    ));
    return reference(name);
  }
  if (inside == "userHome") return reference("HOME");
  if (inside == "workspaceFolder" || inside == "workspaceRoot") {
    notes.push_back("${workspaceFolder} becomes \".\", the lane's directory");
    return ".";
  }
  if (inside == "pathSeparator" || inside == "/") return "/";
  const auto fallback = inside.find(":-");
  const std::string_view name = inside.substr(0, fallback);
  if (is_variable_name(name)) {
    if (fallback != std::string_view::npos) {
      notes.push_back(fmt::format(
          "${{{}}} has a default, which tools.json does not know; set {}", visible(inside), name
      ));
    }
    return reference(name);
  }
  notes.push_back(fmt::format("${{{}}} is not known here and stays as it is", visible(inside)));
  return fmt::format("${{{}}}", inside);
}

}  // namespace

Translation translate_variables(std::string_view text) {
  Translation out;
  while (!text.empty()) {
    const std::size_t begin = text.find("${");
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    out.text += text.substr(0, begin);
    out.text += stands_for(text.substr(begin + 2, end - begin - 2), out.notes);
    text.remove_prefix(end + 1);
  }
  out.text += text;
  return out;
}

}  // namespace opsroom::tools

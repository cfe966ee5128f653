#include "tools/expand.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace opsroom::tools {
namespace {

constexpr std::size_t largest_secret = 1u << 20;

bool is_reference(std::string_view text) {
  return text.starts_with("${env:") || text.starts_with("${file:");
}

}  // namespace

std::string Expander::expand(std::string_view text, std::string_view owner) const {
  std::string out;
  while (!text.empty()) {
    if (!is_reference(text)) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) {
      throw Failure(
          Code::invalid,
          fmt::format("{}: '{}' is not closed", owner, text),
          "Write ${env:NAME} or ${file:PATH}."
      );
    }
    out += value_of(text.substr(2, end - 2), owner);
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string Expander::value_of(std::string_view reference, std::string_view owner) const {
  const std::size_t colon = reference.find(':');
  const std::string name(reference.substr(colon + 1));
  return reference.starts_with("env:") ? variable(name, owner) : content(name, owner);
}

std::string Expander::variable(const std::string& name, std::string_view owner) const {
  if (const char* value = std::getenv(name.c_str())) return value;
  throw Failure(
      Code::not_found,
      fmt::format("{} needs the environment variable {}, which is not set", owner, name),
      fmt::format("Set {} where opsroom starts, or take ${{env:{}}} out of tools.json.", name, name)
  );
}

std::string Expander::content(const std::string& path, std::string_view owner) const {
  try {
    std::string text = read_file(directory_ / path, largest_secret);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
      text.pop_back();
    return text;
  } catch (const Failure& failure) {
    throw Failure(
        failure.code(),
        fmt::format("{} needs ${{file:{}}}: {}", owner, path, failure.message()),
        "Create the file readable by opsroom, or correct the path in tools.json."
    );
  }
}

}  // namespace opsroom::tools

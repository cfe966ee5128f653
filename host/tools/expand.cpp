#include "tools/expand.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace opsroom::tools {
namespace {

constexpr std::size_t largest_secret = 1u << 20;

bool is_reference(std::string_view text) {
  return text.starts_with("${env:") || text.starts_with("${file:");
}

// "${env:HOME}/data" is a path and no secret.
bool is_public(std::string_view reference) {
  constexpr std::array<std::string_view, 6> known{
      "env:HOME", "env:LOGNAME", "env:PATH", "env:SHELL", "env:TERM", "env:USER"
  };
  return std::find(known.begin(), known.end(), reference) != known.end();
}

void remember(std::vector<Secret>& secrets, Secret secret) {
  if (std::find(secrets.begin(), secrets.end(), secret) != secrets.end()) return;
  secrets.push_back(std::move(secret));
}

}  // namespace

std::string Expander::expand(
    std::string_view text, std::string_view owner, std::vector<Secret>& secrets
) const {
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
    const std::string_view reference = text.substr(2, end - 2);
    Secret secret = value_of(reference);
    out += secret.value;
    if (!is_public(reference)) remember(secrets, std::move(secret));
    text.remove_prefix(end + 1);
  }
  return out;
}

Secret Expander::value_of(std::string_view reference) const {
  const std::size_t colon = reference.find(':');
  std::string name(reference.substr(colon + 1));
  if (name.empty()) {
    throw Failure(
        Code::not_found,
        fmt::format("${{{}}} names nothing", reference),
        "Write ${env:NAME} or ${file:PATH}."
    );
  }
  std::string value = reference.starts_with("env:") ? variable(name) : content(name);
  return Secret{std::move(name), std::move(value)};
}

std::string Expander::variable(const std::string& name) const {
  if (const char* value = std::getenv(name.c_str())) return value;
  throw Failure(
      Code::not_found,
      fmt::format("the environment variable {} is not set", name),
      fmt::format("Set {} where opsroom starts, or take ${{env:{}}} out of tools.json.", name, name)
  );
}

std::string Expander::content(const std::string& path) const {
  try {
    // Nobody may ever write to a pipe, and whoever reads it waits for ever.
    std::error_code ignored;
    const auto kind = std::filesystem::status(directory_ / path, ignored).type();
    if (kind == std::filesystem::file_type::fifo || kind == std::filesystem::file_type::socket) {
      throw Failure(Code::unavailable, "it is no file but a pipe or a socket");
    }
    std::string text = read_file(directory_ / path, largest_secret);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
      text.pop_back();
    return text;
  } catch (const Failure& failure) {
    throw Failure(
        failure.code(),
        fmt::format("${{file:{}}} cannot be read: {}", path, failure.message()),
        "Create the file readable by opsroom, or correct the path in tools.json."
    );
  }
}

}  // namespace opsroom::tools

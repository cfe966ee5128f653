#include "runbook/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace opsroom::runbook {
namespace {

constexpr std::string_view word_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// The length of the unit in front of `text` and what it is worth; 0 when there is none.
std::pair<std::size_t, std::int64_t> unit_of(std::string_view text) {
  if (text.starts_with("ms")) return {2, 1};
  if (text.starts_with('s')) return {1, 1000};
  if (text.starts_with('m')) return {1, 60'000};
  if (text.starts_with('h')) return {1, 3'600'000};
  if (text.starts_with('d')) return {1, 86'400'000};
  return {0, 0};
}

}  // namespace

Json no_inputs() {
  return {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
}

std::optional<std::chrono::milliseconds> duration_from(std::string_view text) {
  if (text.empty() || text.size() > 40) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 12) return std::nullopt;
    std::int64_t count = 0;
    std::from_chars(text.data(), text.data() + digits, count);
    const auto [length, worth] = unit_of(text.substr(digits));
    if (length == 0 || count > 1'000'000'000) return std::nullopt;
    total += count * worth;
    text.remove_prefix(digits + length);
  }
  return std::chrono::milliseconds(total);
}

std::optional<OnInterrupt> on_interrupt_from(std::string_view text) {
  if (text == "ask") return OnInterrupt::ask;
  if (text == "retry") return OnInterrupt::retry;
  if (text == "fail") return OnInterrupt::fail;
  return std::nullopt;
}

std::string tool_name_error(std::string_view name) {
  const std::size_t dot = name.find('.');
  const bool shaped = dot != std::string_view::npos && dot > 0 && dot + 1 < name.size();
  const std::string tool_characters = std::string(word_characters) + "./";
  if (!shaped || name.size() > 200 || !only(name.substr(0, dot), word_characters) ||
      !only(name.substr(dot + 1), tool_characters)) {
    return fmt::format("\"{}\" is not a tool name; write <source>.<tool>, e.g. exec.run", name);
  }
  return {};
}

std::string name_error(std::string_view name) {
  const std::string allowed = std::string(word_characters) + ".";
  if (name.empty() || name.size() > 80 || !only(name, allowed) ||
      std::isalnum(static_cast<unsigned char>(name[0])) == 0) {
    return fmt::format(
        "\"{}\" cannot be a runbook's name: letters, digits, dashes, dots and underscores, at most "
        "80",
        name
    );
  }
  return {};
}

std::string step_id_error(std::string_view id) {
  if (id.empty() || id.size() > 60 || !only(id, word_characters) ||
      std::isdigit(static_cast<unsigned char>(id[0])) != 0 || id[0] == '-') {
    return fmt::format(
        "\"{}\" cannot be a step's id: a letter, then letters, digits, underscores and dashes, at "
        "most 60",
        id
    );
  }
  return {};
}

}  // namespace opsroom::runbook

#include "tools/config_section.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace opsroom::tools {
namespace {

struct Amount {
  long value = 0;
  std::string_view unit;
};

std::optional<Amount> parse_amount(std::string_view text) {
  Amount amount;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount.value);
  if (error != std::errc{} || amount.value <= 0 || amount.value > 100'000'000) return std::nullopt;
  amount.unit = std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return amount;
}

}  // namespace

Section::Section(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
  if (!json_.is_object()) {
    refuse(place_, fmt::format("expected an object, got {}", json_type(json_)), {});
  }
}

std::string Section::at(std::string_view key) const {
  return fmt::format("{}/{}", place_, key);
}

const Json* Section::find(std::string_view key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

std::string Section::text(std::string_view key, std::string fallback) const {
  return string_or(json_, key, std::move(fallback), place_);
}

bool Section::flag(std::string_view key, bool fallback) const {
  return bool_or(json_, key, fallback, place_);
}

std::vector<std::string> Section::texts(std::string_view key) const {
  const Json* list = find(key);
  if (list == nullptr) return {};
  if (!list->is_array()) refuse(at(key), "expected an array of strings", {});
  std::vector<std::string> out;
  for (const Json& entry : *list) {
    if (!entry.is_string()) {
      refuse(fmt::format("{}/{}", at(key), out.size()), "expected a string", {});
    }
    out.push_back(entry.get<std::string>());
  }
  return out;
}

std::map<std::string, std::string> Section::text_map(std::string_view key) const {
  const Json* object = find(key);
  std::map<std::string, std::string> out;
  if (object == nullptr) return out;
  const Section inner(*object, at(key));
  for (const auto& [name, value] : object->items())
    out[name] = string_at(*object, name, at(key));
  return out;
}

Clock::duration Section::duration(std::string_view key, Clock::duration fallback) const {
  if (find(key) == nullptr) return fallback;
  const std::string word = text(key);
  const auto parsed = parse_duration(word);
  if (!parsed) {
    refuse(
        at(key),
        fmt::format("'{}' is no duration", word),
        "Write a whole number and a unit: \"500ms\", \"30s\", \"10m\", \"1h\"."
    );
  }
  return *parsed;
}

std::size_t Section::size(
    std::string_view key, std::size_t fallback, std::size_t low, std::size_t high
) const {
  if (find(key) == nullptr) return fallback;
  const std::string word = text(key);
  const auto parsed = parse_size(word);
  if (!parsed || *parsed < low || *parsed > high) {
    refuse(
        at(key),
        fmt::format("'{}' is no size from {} to {}", word, size_text(low), size_text(high)),
        "Write a whole number and a unit: \"512KiB\", \"64MiB\", \"1GiB\"."
    );
  }
  return *parsed;
}

std::size_t Section::count(std::string_view key, std::size_t low, std::size_t high) const {
  const Json* value = find(key);
  const Json given = value == nullptr ? Json() : *value;
  if (given.is_number_integer() && given >= low && given <= high) return given.get<std::size_t>();
  refuse(
      at(key),
      fmt::format("{} is no number that fits", dump(given)),
      fmt::format("Write a whole number from {} to {}.", low, high)
  );
}

std::string Section::word(
    std::string_view key, std::string_view fallback, const std::vector<std::string>& allowed
) const {
  std::string value = text(key, std::string(fallback));
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    refuse(
        at(key),
        fmt::format("'{}' is not known", value),
        fmt::format("Allowed are {}.", listing(allowed))
    );
  }
  return value;
}

void Section::only(const std::vector<std::string>& allowed) const {
  for (const auto& [key, value] : json_.items()) {
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    const auto near = nearest(key, allowed);
    const std::string all = fmt::format("Allowed are {}.", listing(allowed, 32));
    refuse(at(key), "unknown key", near ? fmt::format("Did you mean \"{}\"? {}", *near, all) : all);
  }
}

void Section::refuse(std::string_view where, std::string_view problem, std::string hint) {
  throw Failure(Code::invalid, fmt::format("{}: {}", where, problem), std::move(hint));
}

std::optional<Clock::duration> parse_duration(std::string_view text) {
  const auto amount = parse_amount(text);
  if (!amount) return std::nullopt;
  if (amount->unit == "ms") return Clock::duration(std::chrono::milliseconds(amount->value));
  if (amount->unit == "s") return Clock::duration(std::chrono::seconds(amount->value));
  if (amount->unit == "m") return Clock::duration(std::chrono::minutes(amount->value));
  if (amount->unit != "h") return std::nullopt;
  return Clock::duration(std::chrono::hours(std::min(amount->value, 1'000'000L)));
}

std::string duration_text(Clock::duration duration) {
  const auto ms = std::chrono::duration_cast<Milliseconds>(duration).count();
  if (ms % 1000 != 0 || ms == 0) return fmt::format("{} ms", ms);
  if (ms % 3'600'000 == 0) return fmt::format("{} h", ms / 3'600'000);
  if (ms % 60'000 == 0) return fmt::format("{} min", ms / 60'000);
  return fmt::format("{} s", ms / 1000);
}

std::optional<std::size_t> parse_size(std::string_view text) {
  const auto amount = parse_amount(text);
  if (!amount) return std::nullopt;
  const auto value = static_cast<std::size_t>(amount->value);
  if (amount->unit == "B") return value;
  if (amount->unit == "KiB") return value << 10;
  if (amount->unit == "MiB") return value << 20;
  if (amount->unit == "GiB") return value << 30;
  return std::nullopt;
}

std::string size_text(std::size_t bytes) {
  if (bytes >= (1u << 30) && bytes % (1u << 30) == 0) return fmt::format("{} GiB", bytes >> 30);
  if (bytes >= (1u << 20) && bytes % (1u << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= (1u << 10) && bytes % (1u << 10) == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

}  // namespace opsroom::tools

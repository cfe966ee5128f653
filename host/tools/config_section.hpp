#pragma once

#include "base/async.hpp"
#include "base/json.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// One object of tools.json with the way to it, so that every message can name its place. All
/// readers throw Failure{invalid} with the place, the problem and what is allowed.
class Section {
 public:
  /// `json` outlives the section and must be an object.
  Section(const Json& json, std::string place);

  const std::string& place() const { return place_; }
  std::string at(std::string_view key) const;

  /// Null when the member is missing or null.
  const Json* find(std::string_view key) const;
  std::string text(std::string_view key, std::string fallback = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::map<std::string, std::string> text_map(std::string_view key) const;
  Clock::duration duration(std::string_view key, Clock::duration fallback) const;
  /// "64MiB" in bytes, within [low, high].
  std::size_t size(std::string_view key, std::size_t fallback, std::size_t low, std::size_t high)
      const;
  /// A whole number within [low, high]; required.
  std::size_t count(std::string_view key, std::size_t low, std::size_t high) const;
  std::string word(
      std::string_view key, std::string_view fallback, const std::vector<std::string>& allowed
  ) const;

  /// Refuses every key but these.
  void only(const std::vector<std::string>& allowed) const;

  [[noreturn]] static void refuse(
      std::string_view where, std::string_view problem, std::string hint
  );

 private:
  const Json& json_;
  std::string place_;
};

/// "500ms", "30s", "10m", "1h"; none when `text` is no positive duration.
std::optional<Clock::duration> parse_duration(std::string_view text);

/// "500 ms", "30 s", "10 min", "1 h": for messages.
std::string duration_text(Clock::duration duration);

/// "100B", "64KiB", "64MiB", "1GiB"; none when `text` is no such size.
std::optional<std::size_t> parse_size(std::string_view text);

/// "100 B", "64 KiB", "1 GiB": for messages.
std::string size_text(std::size_t bytes);

}  // namespace opsroom::tools

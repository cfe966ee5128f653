#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::runbook {

/// "deploy {version} to {target}", taken apart.
class IntentPattern {
 public:
  /// Failure{invalid} when braces do not pair, a placeholder has no name or two touch each other.
  explicit IntentPattern(std::string_view text);

  /// What the placeholders stand for in `intent`, or nothing when it does not match. Letter case
  /// and the amount of white space do not count; a placeholder takes as little as possible.
  std::optional<std::map<std::string, std::string>> match(std::string_view intent) const;

  std::vector<std::string> placeholders() const;
  /// How much of the pattern is literal: the more, the better a match tells what was meant.
  std::size_t literal_length() const;

 private:
  struct Part {
    bool placeholder;
    std::string text;
  };
  std::size_t end_of_value(const std::string& text, std::size_t at, std::size_t literal) const;

  std::vector<Part> parts_;
};

}  // namespace opsroom::runbook

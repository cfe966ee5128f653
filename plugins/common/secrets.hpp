#pragma once
#include <nlohmann/json.hpp>

#include <opsroom/tool.hpp>
#include <string>
#include <utility>
#include <vector>

namespace opsroom::plugins {

/// The secrets one call has asked for, so that none of them gets into what the call shows.
class Secrets {
 public:
  explicit Secrets(const tool::Call& call) : call_(call) {}

  /// Throws std::runtime_error with the remedy when it is not set, or empty.
  std::string get(const std::string& name);
  /// Another form in which the secret `name` goes out, such as base64.
  void also(const std::string& name, std::string form);

  /// Every secret of at least four bytes becomes "[redacted:NAME]".
  std::string redacted(std::string text) const;
  /// The same in all texts and keys of a value.
  tool::json redacted(const tool::json& value) const;

 private:
  const tool::Call& call_;
  std::vector<std::pair<std::string, std::string>>
      known_;  ///< value and name, the longest value first
};

}  // namespace opsroom::plugins

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// A value that must not be seen outside of the process it was given to.
struct Secret {
  std::string name;  ///< of the variable or file it came from, for `[redacted:NAME]`
  std::string value;

  bool operator==(const Secret&) const = default;
};

/// Replaces `${env:NAME}` by a variable of this process and `${file:PATH}` by a file's content
/// without its last line break, so that secrets stay out of tools.json. Other `${..}` stay as they
/// are.
class Expander {
 public:
  /// Relative paths are below `directory`.
  explicit Expander(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Adds what it put in to `secrets`, except the variables that every child gets anyway
  /// (process::base_environment). Failure{not_found} names the variable or file;
  /// Failure{invalid} an unclosed `${env:`.
  std::string expand(std::string_view text, std::string_view owner, std::vector<Secret>& secrets)
      const;

 private:
  Secret value_of(std::string_view reference) const;
  std::string variable(const std::string& name) const;
  std::string content(const std::string& path) const;

  std::filesystem::path directory_;
};

}  // namespace opsroom::tools

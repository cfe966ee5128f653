#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace opsroom::tools {

/// Replaces `${env:NAME}` by a variable of this process and `${file:PATH}` by a file's content
/// without its last line break, so that secrets stay out of tools.json. Other `${..}` stay as they
/// are.
class Expander {
 public:
  /// Relative paths are below `directory`.
  explicit Expander(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Failure{not_found} names `owner` and the variable or file; Failure{invalid} an unclosed
  /// `${env:`.
  std::string expand(std::string_view text, std::string_view owner) const;

 private:
  std::string value_of(std::string_view reference, std::string_view owner) const;
  std::string variable(const std::string& name, std::string_view owner) const;
  std::string content(const std::string& path, std::string_view owner) const;

  std::filesystem::path directory_;
};

}  // namespace opsroom::tools

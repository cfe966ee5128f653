#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tool::detail {

/// A URI template as resources need it (RFC 6570, the two plain forms): "{name}" stands for one
/// path segment, "{+path}" for any text with slashes. Two variables need a letter between them.
class UriTemplate {
 public:
  /// Throws std::logic_error for anything else in braces.
  explicit UriTemplate(const std::string& text);

  /// The variables of a URI that fits, with their percent escapes undone.
  std::optional<std::map<std::string, std::string>> match(std::string_view uri) const;

  bool has(std::string_view variable) const;

 private:
  struct Part {
    std::string literal;
    std::string variable;
    bool wide;
  };

  std::vector<Part> parts_;
};

}  // namespace opsroom::tool::detail

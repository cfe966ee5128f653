#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace opsroom::files {

/// A pattern for paths: `*` and `?` stay within a name, `[a-z]` and `[!a-z]` are sets, `**` stands
/// for any number of directories, `\` takes the next character as it is. A pattern without a slash
/// is for the name alone, at any depth.
class Glob {
 public:
  /// Throws BadArguments at `pointer` when the pattern makes no sense.
  Glob(const std::string& pattern, const std::string& pointer);

  bool matches(const std::filesystem::path& path) const;

 private:
  std::vector<std::string> parts_;
};

}  // namespace opsroom::files

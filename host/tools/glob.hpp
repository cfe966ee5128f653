#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// Whether `text` as a whole matches `pattern`: `*` stands for any characters, `?` for one.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Which tools of a source may be called. An empty `allow` allows all; `deny` wins.
struct NameFilter {
  std::vector<std::string> allow;
  std::vector<std::string> deny;

  bool admits(std::string_view name) const;

  bool operator==(const NameFilter&) const = default;
};

}  // namespace opsroom::tools

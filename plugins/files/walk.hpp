#pragma once
#include "lane.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace opsroom::files {

/// Something found on a walk.
struct Found {
  std::filesystem::path path;  ///< from the start of the walk
  const Fd& directory;         ///< where it stands
  std::string name;
  struct stat info;  ///< of itself, when it is a symbolic link
};

enum class Next { on, stop };

/// Goes through a directory, and as many levels of directories below as wanted, in the order of
/// their names. Symbolic links are told but never followed, and .git is left out. Returns how many
/// directories could not be looked into: not readable, deeper than 200 levels, or gone by then.
std::int64_t walk(
    const Fd& start,
    std::int64_t levels,
    const tool::Call& call,
    const std::function<Next(const Found&)>& visit
);

/// "file", "directory", "symlink" or "other".
std::string kind_of(const struct stat& info);

}  // namespace opsroom::files

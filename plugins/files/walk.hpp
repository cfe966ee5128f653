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

/// How many directories a walk has not looked into, though it was to.
struct Missed {
  std::int64_t unreadable = 0;  ///< or gone by then
  std::int64_t too_deep = 0;    ///< below `deepest` levels
};

/// Every level holds its directory open.
inline constexpr std::int64_t deepest = 200;
/// Enough levels for all that a walk can reach, and for what is too deep to be counted.
inline constexpr std::int64_t all_levels = deepest + 2;

enum class Next { on, stop };

/// Goes through a directory, and as many levels of directories below as wanted, in the order of
/// their names. Symbolic links are told but never followed, and .git is left out.
Missed walk(
    const Fd& start,
    std::int64_t levels,
    const tool::Call& call,
    const std::function<Next(const Found&)>& visit
);

/// "file", "directory", "symlink" or "other".
std::string kind_of(const struct stat& info);

}  // namespace opsroom::files

#pragma once

#include "base/files.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace opsroom::workspace {

/// What lstat says of a file; equal stamps mean an unchanged file, unless it was written a moment
/// ago.
struct Stamp {
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  bool operator==(const Stamp&) const = default;
};

/// A regular file or a symbolic link; `path` is relative to the lane, as raw bytes.
struct ScannedFile {
  std::string path;
  Stamp stamp;
};

/// Something in the lane that the diff doesn't show, and why. Folders end with a slash.
struct Skipped {
  std::string path;
  std::string reason;
  std::uint64_t bytes = 0;
  bool operator==(const Skipped&) const = default;
};

/// Which directory is the lane, so that a replaced one is noticed.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

/// What a walk needs to know; borrowed for its duration.
struct ScanRules {
  const std::unordered_set<std::string>& base_directories;     ///< hold files of the base commit
  const std::unordered_set<std::string>& gitlinks;             ///< submodules of the base commit
  const std::unordered_set<std::string>& ignored_directories;  ///< known to be ignored: not entered
  std::uint64_t size_limit;
  std::size_t entry_limit;
};

struct Scan {
  std::vector<ScannedFile> files;
  std::vector<std::string> fresh_directories;  ///< not of the base, parents first
  std::vector<std::string> gitlinks;           ///< submodule folders that are there
  std::vector<std::string> kept;  ///< paths and "folders/" that couldn't be read: unchanged
  std::vector<Skipped> skipped;
  std::int64_t started_ns = 0;  ///< CLOCK_REALTIME
};

/// Opens the lane's directory itself. Failure{conflict} when it is gone, no directory, a symbolic
/// link, or another directory than `expected` (unless that is empty).
Fd open_lane(const std::filesystem::path& lane, Identity expected);
Identity identity_of(const Fd& directory);

/// Opens a directory below `root` component by component without following symbolic links; an empty
/// Fd when it isn't there (any more).
Fd open_directory_beneath(const Fd& root, std::string_view path);

/// Walks the lane without following a symbolic link and without opening a file. ".git" folders,
/// nested repositories, special files and files over the size limit are left out; blocking.
Scan scan_lane(const Fd& lane, const ScanRules& rules);

}  // namespace opsroom::workspace

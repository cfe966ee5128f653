#pragma once

#include <filesystem>

namespace opsroom::tools {

/// A fresh directory below the system's temporary one, removed with all it holds when destroyed.
class TemporaryDirectory {
 public:
  /// Failure when it cannot be made.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace opsroom::tools

#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>

namespace opsroom {

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// A file system operation that failed: names the path, the reason and what helps.
class FileError : public std::runtime_error {
 public:
  FileError(const std::string& doing, const std::filesystem::path& path, int error);
  int error() const noexcept { return error_; }

 private:
  int error_;
};

/// The directory `path`, for use as the root of the functions below. Throws FileError.
Fd open_directory(const std::filesystem::path& path);

/// Opens a directory below `root` (shown as `shown` in errors) without ever leaving it: no "..", no
/// absolute path and no symbolic link gets out (openat2 RESOLVE_BENEATH). Throws FileError.
Fd open_directory_beneath(const Fd& root, const std::filesystem::path& path, bool create = false);

}  // namespace opsroom

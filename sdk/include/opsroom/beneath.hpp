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

/// Opens a regular file below `root` for reading, without ever leaving it and without waiting for a
/// pipe's other end. `follow`: whether a symbolic link at the path itself is followed, inside the
/// root. Throws FileError; what is neither there nor a regular file is refused.
Fd open_file_beneath(const Fd& root, const std::filesystem::path& path, bool follow = true);

/// Where an open file or directory stands below `root` now, whatever links led to it; "." for the
/// root itself. `shown` names it in errors. Throws FileError when it stands elsewhere by now.
std::filesystem::path path_beneath(
    const Fd& root, const Fd& inside, const std::filesystem::path& shown
);

}  // namespace opsroom

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace opsroom {

/// Owns one file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Whole content of a file; Failure names the path. More than `limit` bytes is Failure{exhausted}.
std::string read_file(const std::filesystem::path& path, std::size_t limit = 64u << 20);

/// Writes by temporary file and rename, so that readers see the old or the new content.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

void make_directories(const std::filesystem::path& path);

/// An exclusive advisory lock on a file, held until destroyed (or the process dies).
class FileLock {
 public:
  /// Returns an unlocked object when somebody else holds it.
  static FileLock try_lock(const std::filesystem::path& path);
  explicit operator bool() const { return static_cast<bool>(fd_); }

 private:
  Fd fd_;
};

}  // namespace opsroom

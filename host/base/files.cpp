#include "base/files.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom {
namespace {

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, fmt::format("writing {}", path.string()));
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_failure(errno, fmt::format("opening {}", path.string()));
  std::string content;
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_failure(errno, fmt::format("reading {}", path.string()));
    if (n == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      throw Failure(
          Code::exhausted, fmt::format("{} is larger than {} bytes", path.string(), limit)
      );
    }
  }
}

void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  std::filesystem::path temporary = path;
  temporary += ".tmp" + random_hex(6);
  {
    Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) throw system_failure(errno, fmt::format("creating {}", temporary.string()));
    try {
      write_all(fd.get(), content, path);
    } catch (const Failure&) {
      ::unlink(temporary.c_str());
      throw;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    throw system_failure(error, fmt::format("renaming to {}", path.string()));
  }
}

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw system_failure(error.value(), fmt::format("creating {}", path.string()));
}

FileLock FileLock::try_lock(const std::filesystem::path& path) {
  FileLock lock;
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw system_failure(errno, fmt::format("opening {}", path.string()));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return lock;
    throw system_failure(errno, fmt::format("locking {}", path.string()));
  }
  lock.fd_ = std::move(fd);
  return lock;
}

}  // namespace opsroom

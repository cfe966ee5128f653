#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <opsroom/beneath.hpp>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace opsroom {
namespace {

const char* remedy_for(int error) {
  switch (error) {
    case ENOSPC:
      return "; free space on that disk, or move the workspaces to a larger one";
    case EDQUOT:
      return "; the disk quota is used up: free space or raise it";
    case EACCES:
    case EPERM:
      return "; let the user the tool runs as write there, or choose another path";
    case EROFS:
      return "; the disk is mounted read-only: choose another path";
    case EXDEV:
    case ELOOP:
      return "; only paths inside the working directory are allowed, also through symbolic links";
    case ENOENT:
      return "; create the directory first, or set create_dirs";
    case ENOTDIR:
      return "; a part of the path is a file, not a directory";
    case ENAMETOOLONG:
      return "; shorten the name";
    default:
      return "";
  }
}

int open_beneath(int root, const char* path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const auto fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    // EAGAIN: something was renamed while the kernel looked; it can't tell whether we got out.
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() noexcept {
  return std::exchange(fd_, -1);
}

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(release());
}

FileError::FileError(const std::string& doing, const std::filesystem::path& path, int error)
    : std::runtime_error(
          "can't " + doing + " " + path.string() + ": " +
          (error == EXDEV ? "it leads out of the working directory" : std::strerror(error)) +
          remedy_for(error)
      ),
      error_(error) {}

Fd open_directory(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw FileError("open the directory", path, errno);
  return fd;
}

Fd open_directory_beneath(const Fd& root, const std::filesystem::path& path, bool create) {
  constexpr std::uint64_t directory = O_PATH | O_DIRECTORY;
  const auto wanted = path.empty() ? std::filesystem::path(".") : path;
  Fd whole(open_beneath(root.get(), wanted.c_str(), directory));
  if (whole) return whole;
  if (errno != ENOENT || !create) throw FileError("open the directory", wanted, errno);

  // One component at a time, each opened below the root again: what was made is what is entered.
  std::filesystem::path done;
  Fd at(open_beneath(root.get(), ".", directory));
  for (const auto& part : wanted) {
    if (part.empty()) continue;
    done /= part;
    if (part != "." && part != ".." && ::mkdirat(at.get(), part.c_str(), 0777) != 0 &&
        errno != EEXIST)
      throw FileError("create the directory", done, errno);
    at = Fd(open_beneath(root.get(), done.c_str(), directory));
    if (!at) throw FileError("open the directory", done, errno);
  }
  return at;
}

Fd open_file_beneath(const Fd& root, const std::filesystem::path& path, bool follow) {
  // Non-blocking, since a pipe's open would wait for its other end; a regular file doesn't care.
  const std::uint64_t flags =
      O_RDONLY | O_NONBLOCK | O_NOCTTY | (follow ? 0 : static_cast<std::uint64_t>(O_NOFOLLOW));
  Fd file(open_beneath(root.get(), path.c_str(), flags));
  if (!file) throw FileError("read", path, errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) throw FileError("read", path, errno);
  if (!S_ISREG(info.st_mode)) throw FileError("read", path, EINVAL);
  return file;
}

std::filesystem::path path_beneath(
    const Fd& root, const Fd& inside, const std::filesystem::path& shown
) {
  const auto place_of = [&shown](const Fd& opened) {
    std::error_code error;
    auto place =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(opened.get()), error);
    if (error) throw FileError("find", shown, error.value());
    return place;
  };
  auto relative = place_of(inside).lexically_relative(place_of(root));
  if (relative.empty() || *relative.begin() == "..") throw FileError("find", shown, EXDEV);
  return relative;
}

}  // namespace opsroom

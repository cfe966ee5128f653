#include "common/lane_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <opsroom/tool.hpp>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::plugins {
namespace {

namespace fs = std::filesystem;

fs::path relative(const std::string& text, const std::string& argument) {
  const std::string pointer = "/" + argument;
  if (text.find('\0') != std::string::npos)
    throw tool::BadArguments(pointer, "must not contain a NUL character");
  fs::path path(text);
  if (path.is_absolute())
    throw tool::BadArguments(pointer, "must be relative to the working directory, got " + text);
  return path;
}

fs::path file_path(const std::string& text, const std::string& argument) {
  fs::path path = relative(text, argument);
  const auto name = path.filename();
  if (name.empty() || name == "." || name == "..")
    throw tool::BadArguments("/" + argument, "must name a file, got \"" + text + "\"");
  return path;
}

std::string random_name(const fs::path& target) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    throw FileError("name a temporary file for", target, errno);
  std::array<char, 40> text{};
  std::snprintf(
      text.data(), text.size(), ".opsroom-%016llx.tmp", static_cast<unsigned long long>(number)
  );
  return text.data();
}

}  // namespace

LaneFile::LaneFile(
    const fs::path& workdir, const std::string& path, bool create_dirs, const std::string& argument
)
    : path_(file_path(path, argument)),
      directory_(open_directory_beneath(open_directory(workdir), path_.parent_path(), create_dirs)),
      temporary_(random_name(path_)) {
  struct stat info{};
  mode_t mode = 0666;
  if (::fstatat(directory_.get(), path_.filename().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode)) throw FileError("write", path_, EISDIR);
    if (S_ISREG(info.st_mode)) mode = info.st_mode & 07777U;
  }
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Fd(::openat(directory_.get(), temporary_.c_str(), flags, mode));
  if (!file_) throw FileError("write", path_, errno);
}

LaneFile::~LaneFile() {
  if (file_ && !finished_) ::unlinkat(directory_.get(), temporary_.c_str(), 0);
}

void LaneFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) throw FileError("write", path_, errno);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void LaneFile::finish() {
  // Full disks and quotas may speak up only now; an unsynced rename can leave an empty file.
  if (::fsync(file_.get()) != 0) throw FileError("write", path_, errno);
  const auto name = path_.filename();
  if (::renameat(directory_.get(), temporary_.c_str(), directory_.get(), name.c_str()) != 0)
    throw FileError("write", path_, errno);
  finished_ = true;
}

std::string read_lane_file(
    const fs::path& workdir, const std::string& path, std::size_t most, const std::string& argument
) {
  const fs::path where = file_path(path, argument);
  const Fd directory = open_directory_beneath(open_directory(workdir), where.parent_path());
  // Not a fifo that nobody writes to, nor a link that leads elsewhere.
  constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Fd file(::openat(directory.get(), where.filename().c_str(), flags));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0) throw FileError("read", where, errno);
  if (!S_ISREG(info.st_mode))
    throw FileError("read", where, S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  std::string bytes;
  std::array<char, 1 << 16> chunk{};
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError("read", where, errno);
    if (got == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (bytes.size() > most)
      throw std::runtime_error(
          where.string() + " is larger than " + std::to_string(most) + " bytes: split it"
      );
  }
}

std::vector<std::string> list_lane_files(
    const fs::path& workdir, const std::string& path, const std::string& argument
) {
  const fs::path where = relative(path, argument);
  const Fd directory = open_directory_beneath(open_directory(workdir), where);
  const int readable = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (readable < 0) throw FileError("list", where, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(readable), &::closedir);
  if (!entries) {
    ::close(readable);
    throw FileError("list", where, errno);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    struct stat info{};
    if (::fstatat(directory.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode))
      names.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) throw FileError("list", where, errno);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace opsroom::plugins

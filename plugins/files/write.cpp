#include "write.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <opsroom/beneath.hpp>
#include <string_view>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;

constexpr mode_t permissions = 07777;

std::string random_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    throw FileError("name a temporary file for", "content", errno);
  std::array<char, 40> text{};
  std::snprintf(
      text.data(), text.size(), ".opsroom-%016llx.tmp", static_cast<unsigned long long>(number)
  );
  return text.data();
}

/// The new content beside its target; gone again unless it was moved into place.
class TemporaryFile {
 public:
  TemporaryFile(const Fd& directory, const fs::path& target, mode_t mode)
      : directory_(directory), target_(target), name_(random_name()) {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file_ = Fd(::openat(directory_.get(), name_.c_str(), flags, mode));
    if (!file_) throw FileError("write", target_, errno);
  }
  ~TemporaryFile() {
    if (!moved_) ::unlinkat(directory_.get(), name_.c_str(), 0);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(file_.get(), content.data(), content.size());
      if (written < 0 && errno != EINTR) throw FileError("write", target_, errno);
      if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void set_mode(mode_t mode) {
    if (::fchmod(file_.get(), mode) != 0) throw FileError("set the permissions of", target_, errno);
  }

  void move_into_place() {
    // Full disks and quotas may speak up only now; an unsynced rename can leave an empty file.
    if (::fsync(file_.get()) != 0) throw FileError("write", target_, errno);
    const auto name = target_.filename();
    if (::renameat(directory_.get(), name_.c_str(), directory_.get(), name.c_str()) != 0)
      throw FileError("write", target_, errno);
    moved_ = true;
  }

 private:
  const Fd& directory_;
  const fs::path& target_;
  std::string name_;
  Fd file_;
  bool moved_ = false;
};

std::optional<mode_t> octal(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const bool digits = !text->empty() && text->size() <= 4 &&
                      text->find_first_not_of("01234567") == std::string::npos;
  if (!digits)
    throw tool::BadArguments("/mode", "must be octal, such as 0644, got \"" + *text + "\"");
  return static_cast<mode_t>(std::stoul(*text, nullptr, 8));
}

fs::path checked_path(const std::string& text) {
  if (text.find('\0') != std::string::npos)
    throw tool::BadArguments("/path", "must not contain a NUL character");
  const fs::path path(text);
  if (path.is_absolute())
    throw tool::BadArguments("/path", "must be relative to the working directory, got " + text);
  const auto name = path.filename();
  if (name.empty() || name == "." || name == "..")
    throw tool::BadArguments("/path", "must name a file, got " + text);
  return path;
}

/// What stands at the path now. A symbolic link counts as itself: it is replaced, never followed.
std::optional<struct stat> existing(const Fd& directory, const fs::path& path) {
  struct stat info{};
  if (::fstatat(directory.get(), path.filename().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode)) throw FileError("write", path, EISDIR);
    return info;
  }
  if (errno != ENOENT) throw FileError("write", path, errno);
  return std::nullopt;
}

/// Executable for everybody who may read.
mode_t with_execute(mode_t mode) {
  return mode | ((mode & 0444) >> 2);
}

void set_permissions(
    TemporaryFile& file,
    const WriteArgs& args,
    std::optional<mode_t> asked,
    const std::optional<struct stat>& before
) {
  const bool keeps = !asked && before && S_ISREG(before->st_mode);
  if (!asked && !keeps && !args.executable) return;
  mode_t mode = 0644;
  if (asked)
    mode = *asked;
  else if (keeps)
    mode = before->st_mode & permissions;
  file.set_mode(args.executable ? with_execute(mode) : mode);
}

}  // namespace

WriteResult write_file(const WriteArgs& args, tool::Call& call) {
  const fs::path path = checked_path(args.path);
  const auto mode = octal(args.mode);
  const Fd root = open_directory(call.workdir());
  const Fd directory = open_directory_beneath(root, path.parent_path(), args.create_dirs);
  const auto before = existing(directory, path);
  call.checkpoint();

  TemporaryFile file(directory, path, 0666);
  file.write(args.content);
  set_permissions(file, args, mode, before);
  file.move_into_place();
  return {args.path, static_cast<std::int64_t>(args.content.size()), !before};
}

}  // namespace opsroom::files

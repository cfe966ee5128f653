#include "workspace/scan.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

constexpr std::size_t longest_path = 3800;  // git works with PATH_MAX, the lane's own path included
constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Stamp stamp_of(const struct stat& info) {
  return Stamp{
      static_cast<std::uint32_t>(info.st_mode),
      static_cast<std::uint64_t>(info.st_size),
      static_cast<std::uint64_t>(info.st_ino),
      nanoseconds(info.st_mtim),
      nanoseconds(info.st_ctim)
  };
}

bool is_dot_git(std::string_view name) {
  const auto lower = [](char c) { return static_cast<char>(c | 0x20); };
  return name.size() == 4 && name[0] == '.' && lower(name[1]) == 'g' && lower(name[2]) == 'i' &&
         lower(name[3]) == 't';
}

/// git opens these by itself, in every folder on the way to a file.
bool is_rule_file(std::string_view name) {
  return name == ".gitignore" || name == ".gitattributes";
}

const char* special_kind(mode_t mode) {
  if (S_ISFIFO(mode)) return "fifo";
  if (S_ISSOCK(mode)) return "socket";
  return "device";
}

/// One walk, folder by folder; only one folder is open at a time, however deep the tree is.
class Walk {
 public:
  Walk(const Fd& lane, const ScanRules& rules) : lane_(lane), rules_(rules) {}

  Scan run() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    scan_.started_ns = nanoseconds(now);
    pending_.emplace_back();
    while (!pending_.empty()) {
      const std::string folder = std::move(pending_.back());
      pending_.pop_back();
      visit(folder);
    }
    return std::move(scan_);
  }

 private:
  void visit(const std::string& folder) {
    const Fd fd = open_directory_beneath(lane_, folder);
    if (!fd) return not_opened(folder, errno);
    const std::vector<std::string> names = read_names(fd, folder);
    if (is_nested_repository(folder, names)) {
      scan_.skipped.push_back({folder + "/", "nested repository", 0});
      return;
    }
    if (!folder.empty() && !rules_.base_directories.contains(folder)) {
      scan_.fresh_directories.push_back(folder);
    }
    for (const std::string& name : names)
      entry(fd, folder, name);
  }

  void not_opened(const std::string& folder, int error) {
    if (error == ENOENT || error == ENOTDIR || error == ELOOP)
      return;  // gone since its parent was read
    if (error != EACCES) throw system_failure(error, "opening " + printable_utf8(folder) + "/");
    keep(folder + "/", "unreadable", 0);
  }

  bool is_nested_repository(const std::string& folder, const std::vector<std::string>& names)
      const {
    if (folder.empty() || rules_.base_directories.contains(folder)) return false;
    return std::find(names.begin(), names.end(), ".git") != names.end();
  }

  std::vector<std::string> read_names(const Fd& fd, const std::string& folder) {
    const int copy = ::openat(fd.get(), ".", directory_flags);
    if (copy < 0) throw system_failure(errno, "opening a folder of the lane");
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
    std::vector<std::string> names;
    while (const dirent* found = ::readdir(stream.get())) {
      const std::string_view name = found->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    seen_ += names.size();
    if (seen_ > rules_.entry_limit) {
      throw Failure(
          Code::exhausted,
          fmt::format("the lane holds more than {} files (at {}/)", rules_.entry_limit, folder),
          "Have large generated folders ignored (.gitignore)."
      );
    }
    return names;
  }

  void entry(const Fd& fd, const std::string& folder, const std::string& name) {
    const std::string path = folder.empty() ? name : folder + "/" + name;
    if (is_dot_git(name)) {
      if (name != ".git") scan_.skipped.push_back({path, "a name git refuses", 0});
      return;
    }
    struct stat info{};
    if (::fstatat(fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone
    if (path.size() > longest_path) {
      keep(S_ISDIR(info.st_mode) ? path + "/" : path, "path too long", 0);
    } else if (S_ISDIR(info.st_mode)) {
      directory(path);
    } else if (S_ISREG(info.st_mode)) {
      regular(fd, path, name, info);
    } else if (S_ISLNK(info.st_mode)) {
      scan_.files.push_back({path, stamp_of(info)});
    } else {
      refuse_rule_file(path, name, special_kind(info.st_mode));
      scan_.skipped.push_back({path, special_kind(info.st_mode), 0});
    }
  }

  void directory(const std::string& path) {
    if (rules_.gitlinks.contains(path)) {
      scan_.gitlinks.push_back(path);
      if (holds_files(path)) scan_.skipped.push_back({path + "/", "submodule", 0});
    } else if (!rules_.ignored_directories.contains(path)) {
      pending_.push_back(path);
    }
  }

  bool holds_files(const std::string& path) {
    const Fd fd = open_directory_beneath(lane_, path);
    return fd && !read_names(fd, path).empty();
  }

  void regular(
      const Fd& fd, const std::string& path, const std::string& name, const struct stat& info
  ) {
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    if (bytes > rules_.size_limit) {
      refuse_rule_file(path, name, "larger than the size limit");
      keep(path, "too large", bytes);
    } else if (::faccessat(fd.get(), name.c_str(), R_OK, AT_EACCESS) != 0) {
      keep(path, "unreadable", bytes);
    } else {
      scan_.files.push_back({path, stamp_of(info)});
    }
  }

  /// git would hang on a fifo, or read gigabytes, to learn the rules of a folder.
  static void refuse_rule_file(
      const std::string& path, const std::string& name, std::string_view kind
  ) {
    if (!is_rule_file(name)) return;
    throw Failure(
        Code::conflict,
        fmt::format("the lane's {} is no ordinary file ({})", printable_utf8(path), kind),
        "Remove it from the lane."
    );
  }

  void keep(const std::string& path, const char* reason, std::uint64_t bytes) {
    scan_.kept.push_back(path);
    scan_.skipped.push_back({path, reason, bytes});
  }

  const Fd& lane_;
  const ScanRules& rules_;
  Scan scan_;
  std::vector<std::string> pending_;
  std::size_t seen_ = 0;
};

}  // namespace

Identity identity_of(const Fd& directory) {
  struct stat info{};
  if (::fstat(directory.get(), &info) != 0) throw system_failure(errno, "looking at a lane");
  return Identity{info.st_dev, info.st_ino};
}

Fd open_lane(const std::filesystem::path& lane, Identity expected) {
  Fd fd(::open(lane.c_str(), directory_flags));
  const int error = errno;
  if (fd) {
    if (expected == Identity{} || identity_of(fd) == expected) return fd;
    throw Failure(Code::conflict, "its folder has been replaced by another one");
  }
  struct stat info{};
  if (::lstat(lane.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    throw Failure(Code::conflict, "its folder has been replaced by a symbolic link");
  }
  if (error == ENOENT) throw Failure(Code::conflict, "its folder is gone");
  if (error == ENOTDIR) throw Failure(Code::conflict, "its folder has been replaced by a file");
  throw system_failure(error, fmt::format("opening {}", lane.string()));
}

Fd open_directory_beneath(const Fd& root, std::string_view path) {
  Fd current(::openat(root.get(), ".", directory_flags));
  while (current && !path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    current = Fd(::openat(current.get(), name.c_str(), directory_flags));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return current;
}

Scan scan_lane(const Fd& lane, const ScanRules& rules) {
  return Walk(lane, rules).run();
}

}  // namespace opsroom::workspace

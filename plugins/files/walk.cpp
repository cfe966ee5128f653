#include "walk.hpp"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <vector>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

class Walk {
 public:
  Walk(const tool::Call& call, const std::function<Next(const Found&)>& visit)
      : call_(call), visit_(visit) {}

  Next through(const Fd& directory, const fs::path& at, std::int64_t levels) {
    call_.checkpoint();
    for (const std::string& name : names_in(directory)) {
      struct stat info{};
      if (::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const fs::path path = at / name;
      if (visit_({path, directory, name, info}) == Next::stop) return Next::stop;
      if (S_ISDIR(info.st_mode) && levels > 1 && into(directory, name, path, levels) == Next::stop)
        return Next::stop;
    }
    return Next::on;
  }

  Missed missed() const noexcept { return missed_; }

 private:
  Next into(const Fd& parent, const std::string& name, const fs::path& path, std::int64_t levels) {
    // Not through a link, even when one has taken the directory's place a moment ago.
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (depth_ == deepest) {
      ++missed_.too_deep;
      return Next::on;
    }
    const Fd directory(::openat(parent.get(), name.c_str(), flags));
    if (!directory) {
      ++missed_.unreadable;
      return Next::on;
    }
    ++depth_;
    const Next next = through(directory, path, levels - 1);
    --depth_;
    return next;
  }

  /// Without what leads into .git.
  std::vector<std::string> names_in(const Fd& directory) {
    std::vector<std::string> names;
    Fd copy(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, CloseDirectory> stream(copy ? ::fdopendir(copy.get()) : nullptr);
    if (!stream) {
      ++missed_.unreadable;
      return names;
    }
    copy.release();
    while (const dirent* entry = ::readdir(stream.get())) {
      std::string name = entry->d_name;
      if (name != "." && name != ".." && !leads_into_git(name)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const tool::Call& call_;
  const std::function<Next(const Found&)>& visit_;
  std::int64_t depth_ = 0;
  Missed missed_;
};

}  // namespace

Missed walk(
    const Fd& start,
    std::int64_t levels,
    const tool::Call& call,
    const std::function<Next(const Found&)>& visit
) {
  Walk walking(call, visit);
  walking.through(start, {}, levels);
  return walking.missed();
}

std::string kind_of(const struct stat& info) {
  if (S_ISREG(info.st_mode)) return "file";
  if (S_ISDIR(info.st_mode)) return "directory";
  return S_ISLNK(info.st_mode) ? "symlink" : "other";
}

}  // namespace opsroom::files

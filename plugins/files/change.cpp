#include "change.hpp"

#include "lane.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace opsroom::files {
namespace {

/// Of file systems that can't exchange or refuse to replace, and of kernels before there was that.
bool knows_no_flags(int error) {
  return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

bool knows_no_links(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS;
}

}  // namespace

Change::Change(
    Place place, std::optional<struct stat> before, std::optional<std::string> after, mode_t mode
)
    : place_(std::move(place)), before_(before), after_(std::move(after)), mode_(mode) {}

Change::Change(Change&& other) noexcept
    : place_(std::move(other.place_)),
      before_(other.before_),
      after_(std::move(other.after_)),
      mode_(other.mode_),
      aside_(std::exchange(other.aside_, {})),
      made_(other.made_) {}

Change::~Change() {
  if (!aside_.empty()) ::unlinkat(place_.directory.get(), aside_.c_str(), 0);
}

void Change::prepare() {
  if (!after_) return;
  StagedFile file(place_, before_ ? 0600 : mode_);
  file.write(*after_);
  if (before_) file.set_mode(mode_);
  aside_ = file.hand_over();
}

void Change::make() {
  if (!before_)
    create();
  else if (after_)
    exchange();
  else
    remove();
  made_ = true;
}

bool Change::take_back() noexcept {
  if (!made_) return true;
  if (!before_) return ::unlinkat(place_.directory.get(), place_.name.c_str(), 0) == 0;
  if (rename(aside_, place_.name, 0) != 0) return false;
  aside_.clear();
  return true;
}

void Change::create() {
  int result = rename(aside_, place_.name, RENAME_NOREPLACE);
  if (knows_no_flags(result)) {
    // A hard link refuses to replace as well.
    result = link(aside_, place_.name);
    if (result == 0) ::unlinkat(place_.directory.get(), aside_.c_str(), 0);
    if (knows_no_links(result)) result = existing(place_) ? EEXIST : rename(aside_, place_.name, 0);
  }
  if (result == EEXIST) throw_changed();
  if (result != 0) throw FileError("write", place_.path, result);
  aside_.clear();
}

void Change::exchange() {
  if (!is_the_one_read(place_.name)) throw_changed();
  const int result = rename(aside_, place_.name, RENAME_EXCHANGE);
  if (knows_no_flags(result)) return exchange_in_steps();
  if (result != 0) throw FileError("write", place_.path, result);
  // Between the look and the exchange somebody may have put another file there.
  if (is_the_one_read(aside_)) return;
  rename(aside_, place_.name, RENAME_EXCHANGE);
  throw_changed();
}

/// The same end: the old file under a name of its own, then the new one over it.
void Change::exchange_in_steps() {
  const std::string old = temporary_name();
  int result = link(place_.name, old);
  // Where there are no links either, nothing is there for a moment.
  const bool moved = knows_no_links(result);
  if (moved) result = rename(place_.name, old, 0);
  if (result != 0) throw FileError("write", place_.path, result);
  if (const int error = rename(aside_, place_.name, 0); error != 0) {
    if (!moved)
      ::unlinkat(place_.directory.get(), old.c_str(), 0);
    else if (rename(old, place_.name, 0) != 0)
      throw FileError("put back " + old + " as", place_.path, errno);
    throw FileError("write", place_.path, error);
  }
  aside_ = old;
}

void Change::remove() {
  const std::string old = temporary_name();
  const int result = rename(place_.name, old, 0);
  if (result == ENOENT) throw_changed();
  if (result != 0) throw FileError("delete", place_.path, result);
  if (!is_the_one_read(old)) {
    // Somebody else's: back under its name, unless that is taken again.
    const int error = rename(old, place_.name, RENAME_NOREPLACE);
    if (knows_no_flags(error) && link(old, place_.name) == 0)
      ::unlinkat(place_.directory.get(), old.c_str(), 0);
    throw_changed();
  }
  aside_ = old;
}

bool Change::is_the_one_read(const std::string& name) const {
  struct stat now{};
  if (::fstatat(place_.directory.get(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return now.st_dev == before_->st_dev && now.st_ino == before_->st_ino &&
         now.st_size == before_->st_size && now.st_mtim.tv_sec == before_->st_mtim.tv_sec &&
         now.st_mtim.tv_nsec == before_->st_mtim.tv_nsec;
}

int Change::rename(const std::string& from, const std::string& to, unsigned flags) const noexcept {
  const int directory = place_.directory.get();
  // By number: the name is missing in older C libraries.
  const auto result =
      ::syscall(SYS_renameat2, directory, from.c_str(), directory, to.c_str(), flags);
  return result == 0 ? 0 : errno;
}

int Change::link(const std::string& from, const std::string& to) const noexcept {
  const int directory = place_.directory.get();
  return ::linkat(directory, from.c_str(), directory, to.c_str(), 0) == 0 ? 0 : errno;
}

void Change::throw_changed() const {
  throw std::runtime_error(
      place_.path.string() + " was changed by somebody else meanwhile; read it again and repeat"
  );
}

}  // namespace opsroom::files

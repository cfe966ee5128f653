#include "common/staged_file.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

namespace opsroom::plugins {

std::string temporary_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    throw FileError("name a temporary file for", "content", errno);
  std::array<char, 40> text{};
  std::snprintf(
      text.data(), text.size(), ".opsroom-%016llx.tmp", static_cast<unsigned long long>(number)
  );
  return text.data();
}

StagedFile::StagedFile(const Place& place, mode_t mode) : place_(place), name_(temporary_name()) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Fd(::openat(place_.directory.get(), name_.c_str(), flags, mode));
  if (!file_) throw FileError("write", place_.path, errno);
}

StagedFile::StagedFile(const Place& place) : StagedFile(place, 0666) {
  const auto before = existing(place);
  if (before && S_ISDIR(before->st_mode)) throw FileError("write", place.path, EISDIR);
  if (before && S_ISREG(before->st_mode)) set_mode(before->st_mode & 07777);
}

StagedFile::~StagedFile() {
  if (ours_) ::unlinkat(place_.directory.get(), name_.c_str(), 0);
}

void StagedFile::write(std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file_.get(), content.data(), content.size());
    if (written < 0 && errno != EINTR) throw FileError("write", place_.path, errno);
    if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void StagedFile::set_mode(mode_t mode) {
  if (::fchmod(file_.get(), mode) != 0)
    throw FileError("set the permissions of", place_.path, errno);
}

void StagedFile::sync() {
  // An unsynced rename can leave an empty file after a crash.
  if (::fsync(file_.get()) != 0) throw FileError("write", place_.path, errno);
}

void StagedFile::replace() {
  sync();
  const int directory = place_.directory.get();
  if (::renameat(directory, name_.c_str(), directory, place_.name.c_str()) != 0)
    throw FileError("write", place_.path, errno);
  ours_ = false;
}

std::string StagedFile::hand_over() {
  sync();
  ours_ = false;
  return name_;
}

}  // namespace opsroom::plugins

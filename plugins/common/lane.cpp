#include "common/lane.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace opsroom::plugins {
namespace {

namespace fs = std::filesystem;

bool is_git(const std::string& name) {
  constexpr std::string_view git = ".git";
  return name.size() == git.size() &&
         std::equal(name.begin(), name.end(), git.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

void check_characters(const std::string& text, const std::string& pointer) {
  if (text.find('\0') != std::string::npos)
    throw tool::BadArguments(pointer, "must not contain a NUL character");
  if (fs::path(text).is_absolute())
    throw tool::BadArguments(pointer, "must be relative to the working directory, got " + text);
  if (leads_into_git(text))
    throw tool::BadArguments(
        pointer, "must not lead into .git, got " + text + "; use the git plugin for that"
    );
}

[[noreturn]] void throw_missing(const fs::path& path) {
  throw std::runtime_error(
      "can't read " + path.string() + ": there is no such file; files.list shows what is there"
  );
}

}  // namespace

bool leads_into_git(const fs::path& path) {
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) {
    return is_git(part.string());
  });
}

fs::path checked_path(const std::string& text, const std::string& pointer) {
  check_characters(text, pointer);
  fs::path path(text);
  const auto name = path.filename();
  if (name.empty() || name == "." || name == "..")
    throw tool::BadArguments(pointer, "must name a file, got " + text);
  return path;
}

fs::path checked_directory(const std::string& text, const std::string& pointer) {
  check_characters(text, pointer);
  auto path = fs::path(text).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path == "." ? fs::path() : path;
}

std::optional<struct stat> existing(const Place& place) {
  struct stat info{};
  if (::fstatat(place.directory.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
    return info;
  if (errno != ENOENT) throw FileError("look at", place.path, errno);
  return std::nullopt;
}

void Lane::keep_out_of_git(const Fd& opened, const fs::path& path) const {
  // A link may have led there under another name.
  if (leads_into_git(path_beneath(root_, opened, path)))
    throw std::runtime_error(
        "can't use " + path.string() + ": it leads into .git; use the git plugin for that"
    );
}

/// So that no directory is made where no file may be.
void Lane::keep_new_directories_out_of_git(const fs::path& path) const {
  for (fs::path at = path.parent_path();; at = at.parent_path()) {
    try {
      keep_out_of_git(open_directory_beneath(root_, at), path);
      return;
    } catch (const FileError& error) {
      if (error.error() != ENOENT || at.empty()) throw;
    }
  }
}

Place Lane::place(const fs::path& path, bool create_dirs) const {
  if (create_dirs) keep_new_directories_out_of_git(path);
  Place made{open_directory_beneath(root_, path.parent_path(), create_dirs), path.filename(), path};
  keep_out_of_git(made.directory, path);
  return made;
}

Fd Lane::directory(const fs::path& path) const {
  Fd opened = open_directory_beneath(root_, path);
  keep_out_of_git(opened, path);
  return opened;
}

Fd Lane::file(const fs::path& path, bool follow) const {
  try {
    Fd opened = open_file_beneath(root_, path, follow);
    keep_out_of_git(opened, path);
    return opened;
  } catch (const FileError& error) {
    if (error.error() == ENOENT) throw_missing(path);
    if (error.error() == EINVAL)
      throw std::runtime_error("can't read " + path.string() + ": it is no regular file");
    if (error.error() == ELOOP && !follow)
      throw std::runtime_error(
          "can't change " + path.string() + ": it is a symbolic link; name the file it leads to"
      );
    throw;
  }
}

std::vector<std::string> Lane::files(const fs::path& path) const {
  const Fd opened = directory(path);
  const int readable = ::openat(opened.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (readable < 0) throw FileError("list", path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(readable), &::closedir);
  if (!entries) {
    ::close(readable);
    throw FileError("list", path, errno);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    struct stat info{};
    if (::fstatat(opened.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode))
      names.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) throw FileError("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Content Lane::content(const fs::path& path, std::size_t limit, bool follow) const {
  const Fd opened = file(path, follow);
  Content content;
  if (::fstat(opened.get(), &content.info) != 0) throw FileError("read", path, errno);
  std::array<char, 1 << 16> chunk;
  while (content.text.size() <= limit) {
    call_.checkpoint();
    const ssize_t got = ::read(opened.get(), chunk.data(), chunk.size());
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) throw FileError("read", path, errno);
    if (got > 0) content.text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  throw std::runtime_error(
      path.string() + " is larger than " + std::to_string(limit) +
      " bytes; work on it with a program instead"
  );
}

}  // namespace opsroom::plugins

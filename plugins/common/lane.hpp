#pragma once
#include <filesystem>
#include <opsroom/beneath.hpp>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace opsroom::plugins {

/// A file to be written: its directory, held open, and its name there.
struct Place {
  Fd directory;
  std::string name;
  std::filesystem::path path;  ///< as it was given, for errors
};

/// A file's content and what the file was when it was read.
struct Content {
  std::string text;
  struct stat info{};
};

/// The checkout a call works in, and the rules for every path into it: relative, never outside
/// (through "..", a symbolic link or a race), never into a .git directory.
class Lane {
 public:
  explicit Lane(const tool::Call& call) : call_(call), root_(open_directory(call.workdir())) {}

  const Fd& root() const noexcept { return root_; }

  /// For writing at the path. Throws FileError.
  Place place(const std::filesystem::path& path, bool create_dirs = false) const;
  /// For looking into a directory; links inside of the lane are followed. Throws FileError.
  Fd directory(const std::filesystem::path& path) const;
  /// A regular file for reading; links inside of the lane are followed when asked. Throws.
  Fd file(const std::filesystem::path& path, bool follow = true) const;
  /// The names of the regular files in a directory, sorted by bytes. Throws FileError.
  std::vector<std::string> files(const std::filesystem::path& directory) const;
  /// The whole file. Throws std::runtime_error when it is longer than `limit` bytes.
  Content content(const std::filesystem::path& path, std::size_t limit, bool follow = true) const;

 private:
  void keep_out_of_git(const Fd& opened, const std::filesystem::path& path) const;
  void keep_new_directories_out_of_git(const std::filesystem::path& path) const;

  const tool::Call& call_;
  Fd root_;
};

/// The path of a file as a caller gave it; throws BadArguments at `pointer`.
std::filesystem::path checked_path(const std::string& text, const std::string& pointer = "/path");
/// The same for a directory, where "" and "." are the checkout itself.
std::filesystem::path checked_directory(const std::string& text, const std::string& pointer);

/// Whether a part of the path is called .git, in any case.
bool leads_into_git(const std::filesystem::path& path);

/// What stands at the place now, a symbolic link counting as itself; none when there is nothing.
std::optional<struct stat> existing(const Place& place);

}  // namespace opsroom::plugins

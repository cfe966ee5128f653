#pragma once
#include "lane.hpp"

#include <optional>
#include <string>
#include <utility>

namespace opsroom::files {

/// Permissions alone, without the kind of file.
inline constexpr mode_t permissions = 07777;

/// One file's change that can be taken back: prepared beside the file, made in one step, and only
/// when the file is still the one that was read.
class Change {
 public:
  /// `before`: what was read, none when the file is to be new. `after`: the new content, none when
  /// it is to go. `mode`: its permissions; before the umask for a new file.
  Change(
      Place place, std::optional<struct stat> before, std::optional<std::string> after, mode_t mode
  );
  Change(Change&& other) noexcept;
  Change& operator=(Change&&) = delete;
  ~Change();

  /// Writes the new content beside the target. Throws FileError.
  void prepare();
  /// Throws FileError, and std::runtime_error when somebody else changed the file meanwhile; the
  /// file is then as that somebody left it.
  void make();
  /// Puts the old file back; false when that failed.
  bool take_back() noexcept;
  /// From now on the old content stays, under the name this returns; empty when there is none.
  std::string keep_aside() noexcept { return std::exchange(aside_, {}); }

  const std::filesystem::path& path() const noexcept { return place_.path; }

 private:
  void create();
  void exchange();
  void exchange_in_steps();
  void remove();
  bool is_the_one_read(const std::string& name) const;
  int rename(const std::string& from, const std::string& to, unsigned flags) const noexcept;
  int link(const std::string& from, const std::string& to) const noexcept;
  [[noreturn]] void throw_changed() const;

  Place place_;
  std::optional<struct stat> before_;
  std::optional<std::string> after_;
  mode_t mode_;
  std::string aside_;  ///< first the new content, and once it is made the old; empty: neither
  bool made_ = false;
};

}  // namespace opsroom::files

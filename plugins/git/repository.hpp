#pragma once
#include "config_shield.hpp"

#include <chrono>
#include <opsroom/child.hpp>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

using Words = std::vector<std::string>;

/// What a git command said.
struct GitOutput {
  int exit_code = 0;
  std::string out;
  std::string err;
  bool cut = false;  ///< there was more than 64 MiB
};

/// The repository in the call's working directory, through the git executable: arguments as a
/// vector, never a shell, never a prompt, never an editor, and no program that the repository's own
/// configuration names. Every command ends with its limit, the call's deadline, or its cancel.
class Repository {
 public:
  static constexpr std::chrono::minutes usual_limit{2};

  /// `hooks`: whether the repository's hooks run. Throws std::runtime_error when there is no git or
  /// the directory is no checkout.
  explicit Repository(tool::Call& call, bool hooks = false);

  /// Throws tool::Cancelled, and std::runtime_error when the command ran out of time.
  GitOutput run(
      Words arguments, const std::string& input = "", std::chrono::milliseconds limit = usual_limit
  ) const;

  /// The same for a command that must succeed; throws what git said otherwise.
  GitOutput must(Words arguments, const std::string& input = "") const;

  /// Sets a variable for every later command.
  void set(const std::string& name, const std::string& value) { env_[name] = value; }
  /// The author's name and mail for new commits: the given ones, else the configured, else ours.
  void set_identity(
      const std::optional<std::string>& author_name, const std::optional<std::string>& author_email
  );

  /// The full id of the commit that `revision` means; none when there is no such commit.
  std::optional<std::string> find_commit(const std::string& revision) const;
  /// The same; throws BadArguments at `pointer` when there is none.
  std::string commit_id(const std::string& revision, const std::string& pointer) const;
  /// The branch HEAD is on; none when it is detached.
  std::optional<std::string> branch() const;

  const std::filesystem::path& directory() const noexcept { return path_; }

 private:
  void put_over(const Settings& settings);

  tool::Call& call_;
  std::filesystem::path path_;
  Fd directory_;
  std::map<std::string, std::string> env_;
  std::size_t settings_ = 0;
};

/// The text without newlines and blanks at its end.
std::string trimmed(std::string text);

/// The lines of a text, without their newlines and without empty ones.
std::vector<std::string> lines_of(const std::string& text);

/// The parts of a text that end with NUL, as git's -z writes them.
std::vector<std::string> parts_of(const std::string& text);

/// The words, then "--", then the paths.
Words with_paths(Words words, const Words& paths);

/// Throws BadArguments when a path is none. Paths are taken as they are, not as patterns.
void check_paths(const Words& paths);

/// Throws BadArguments at `pointer` unless git takes it as the name of a branch.
void check_branch_name(
    const Repository& repository, const std::string& name, const std::string& pointer
);

}  // namespace opsroom::git

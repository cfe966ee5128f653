#pragma once
#include <opsroom/child.hpp>
#include <opsroom/tool.hpp>
#include <string>
#include <vector>

namespace opsroom::git {

/// What a git command said.
struct GitOutput {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// The repository in the call's working directory, through the git executable: arguments as a
/// vector, never a shell, never a prompt, never an editor, and never longer than two minutes a
/// command.
class Repository {
 public:
  /// Throws std::runtime_error when there is no git or the directory is no repository.
  explicit Repository(tool::Call& call);

  /// Throws tool::Cancelled, and std::runtime_error when the command ran out of time.
  GitOutput run(std::vector<std::string> arguments, const std::string& input = "") const;

  /// The same for a command that must succeed; throws what git said otherwise.
  GitOutput must(std::vector<std::string> arguments, const std::string& input = "") const;

  /// Sets variables for every later command.
  void set(const std::string& name, const std::string& value) { env_[name] = value; }

 private:
  tool::Call& call_;
  Fd directory_;
  std::map<std::string, std::string> env_;
};

/// The text without newlines and blanks at its end.
std::string trimmed(std::string text);

}  // namespace opsroom::git

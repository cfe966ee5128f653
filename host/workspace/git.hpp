#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "process/child_process.hpp"
#include "process/trust.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::workspace {

/// How far a git command reaches; decides what it finds in its environment.
enum class Reach {
  host,    ///< the host's own directories: no transport at all
  lane,    ///< reads objects out of a lane's .git, which may be poisoned: file transport only
  remote,  ///< the operator's repository: home directory, ssh agent and proxies are there
};

/// One git command. The git directory is always explicit: git never looks for one, so no lane can
/// offer it another.
struct GitCall {
  std::filesystem::path git_dir;
  std::vector<std::string> args;      ///< after "git" and the host's own flags
  std::filesystem::path work_tree{};  ///< empty: none
  std::filesystem::path index{};      ///< empty: the git directory's own
  std::string input{};
  Reach reach = Reach::host;
  Clock::duration timeout = std::chrono::minutes(2);
  std::size_t output_limit = 256u << 20;
};

/// Runs git with the host's flags and a clean environment: no system, global or lane configuration,
/// no hooks, no fsmonitor, no prompts, no shell. Io thread only.
class Git {
 public:
  /// `remote_config`: a git configuration file for commands with Reach::remote (credential helpers,
  /// proxies); none: they run without.
  Git(process::Spawner& spawner,
      std::filesystem::path root,
      std::optional<std::filesystem::path> remote_config = {});

  /// Until then a command may work without hearing from this host again. The latest counts; without
  /// one each has its own deadline alone.
  void trust_until(Clock::time_point until);

  /// A non-zero exit is a result. Failure{timeout}, Failure{exhausted} as run_command.
  Task<process::CommandResult> run(GitCall call);

  /// Its stdout; a non-zero exit is a Failure with `what` and git's last words. A full disk is
  /// Failure{exhausted} with the remedy.
  Task<std::string> output(GitCall call, std::string what);

 private:
  process::Environment environment(const GitCall& call) const;

  process::Spawner& spawner_;
  std::filesystem::path root_;
  std::optional<std::filesystem::path> remote_config_;
  std::shared_ptr<process::Trust> trust_ = std::make_shared<process::Trust>();
  Clock::time_point trusted_until_;
};

/// git's own reason: the last lines of its stderr, "fatal: " and "error: " cut off, in one line.
std::string git_reason(const process::CommandResult& result);

/// The Failure for a git command that ended badly; knows a full disk, else uses `code` and `hint`.
Failure git_failure(
    const process::CommandResult& result,
    std::string_view what,
    Code code = Code::internal,
    std::string hint = {},
    bool retryable = false
);

/// git's upload-pack for a repository on this machine: another owner is accepted, since reading a
/// repository runs nothing of it, and the host's flags reach the process git starts itself.
std::string local_upload_pack();

/// "abc\n" without its end.
std::string trimmed(std::string text);

}  // namespace opsroom::workspace

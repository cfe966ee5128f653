#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <opsroom/beneath.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom {

/// A program to run, without a shell.
struct ChildSpec {
  std::vector<std::string> argv;           ///< argv[0] is looked up in PATH unless it has a slash
  std::map<std::string, std::string> env;  ///< on top of our own environment
  int cwd_fd = -1;                         ///< a directory (O_PATH will do); -1: ours
  std::string input;                       ///< becomes its stdin, then EOF
  std::optional<std::chrono::milliseconds> timeout;
  int cancel_fd = -1;                     ///< readable: stop it
  std::chrono::milliseconds grace{2000};  ///< between SIGTERM and SIGKILL
  std::chrono::milliseconds drain{500};   ///< for pipes a daemon keeps open after the exit
};

struct ChildExit {
  int exit_code = 0;  ///< 128 + signal when a signal ended it, as shells say
  int signal = 0;
  bool timed_out = false;
  bool cancelled = false;
  std::chrono::milliseconds duration{0};
};

/// The program could not be started; names it and the remedy.
class NotStarted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Stream { out, err };

/// What a running child tells. Both are called on the thread that called run_child().
struct ChildWatch {
  std::function<void(Stream, std::string_view)> on_output;
  /// Called at least this often while it runs, also when it is silent: the place for timed flushes.
  std::function<void()> on_tick;
  std::chrono::milliseconds tick{20};
};

/// Runs a program in a process group of its own and waits for it. On cancel or timeout the whole
/// group gets SIGTERM, after the grace SIGKILL, and nothing of the group is left when this returns.
/// A group member that outlives an ordinary exit is left alone. Throws NotStarted,
/// std::system_error.
ChildExit run_child(const ChildSpec& spec, const ChildWatch& watch);

/// "SIGKILL" for 9.
std::string signal_name(int signal);

}  // namespace opsroom

#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "process/child_process.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::app {

/// One of the processes behind `opsroom up` (serve, worker): started, listened to, and started
/// again when it dies, ever more slowly. It says on its stdout when it is ready; its stderr is
/// passed on. Io thread only.
class Part {
 public:
  struct Options {
    std::string name;
    process::SpawnSpec spawn;
    /// Arguments of a restart, where they differ (the port that was found).
    std::function<std::vector<std::string>(const std::string& ready_line)> argv_again;
    std::function<void(const std::string& line)> on_line;  ///< a line of its stderr
  };

  Part(asio::any_io_executor executor, process::Spawner& spawner, Options options);

  /// Starts it and returns its first line on stdout; a Failure tells its last words when it ends
  /// first.
  Task<std::string> start(Clock::duration deadline);

  /// Keeps it running until stop().
  Task<> supervise();

  /// Asks it to read its configuration again (SIGHUP); nothing happens while it is down.
  void reread();

  /// SIGTERM, `grace`, then the whole tree is killed.
  Task<> stop(Clock::duration grace);

  /// Shortens the grace of a stop() under way, or of a later one, and asks the process once more.
  void hurry() { hurry_.request(StopReason::draining); }

 private:
  Task<std::string> start_once(Clock::duration deadline);
  Task<> grace_over(Clock::duration grace);
  Task<> pass_on_errors(std::shared_ptr<process::ChildProcess> child);

  asio::any_io_executor executor_;
  process::Spawner& spawner_;
  Options options_;
  std::shared_ptr<process::ChildProcess> child_;
  TaskGroup readers_;
  std::string last_words_;
  std::string ready_line_;
  bool stopping_ = false;
  Signal wake_;
  Stop hurry_;
};

}  // namespace opsroom::app

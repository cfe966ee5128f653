#pragma once

#include "base/async.hpp"
#include "process/spawn_spec.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::process {

/// Starts children through opsroom-spawn from one thread of its own: PR_SET_PDEATHSIG fires when
/// the spawning thread ends, and a fork of a large host is slow.
class Spawner {
 public:
  /// `helper` is the opsroom-spawn executable; Failure{not_found} names it when it is not there.
  explicit Spawner(std::filesystem::path helper);
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

 private:
  friend class ChildProcess;
  struct Thread;
  std::filesystem::path helper_;
  std::unique_ptr<Thread> thread_;
};

/// One child tree: a program, whatever it starts, and the opsroom-spawn that watches over them as
/// their subreaper. When the main process ends, the rest of the tree is killed; when this host
/// dies, the whole tree is. Not a parser of its output: the owner reads and writes the pipes. Io
/// thread only.
class ChildProcess {
 public:
  /// Starts the program, or throws: Failure{not_found} "cannot start 'x': No such file or
  /// directory" with a hint about PATH, Failure{forbidden}, Failure{exhausted}. Nothing is left
  /// then.
  static Task<std::unique_ptr<ChildProcess>> start(Spawner& spawner, SpawnSpec spec);

  /// Kills what is left of the tree without waiting.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const;                      ///< of the main process
  asio::posix::stream_descriptor& in();   ///< non-blocking
  asio::posix::stream_descriptor& out();  ///< may be moved from: then it is the taker's
  asio::posix::stream_descriptor& err();

  /// The main process's end; may be awaited by many, and after the fact.
  Task<ExitStatus> exited();
  std::optional<ExitStatus> exit_status() const;

  void terminate();  ///< SIGTERM to the main process and its group
  void kill();       ///< SIGKILL to every descendant, wherever it has gone

  /// A dead man's switch: the tree may live for `ttl` from now (whole milliseconds, a suspend of
  /// the machine counts); then opsroom-spawn kills it by itself, as `kill` does, however frozen
  /// this host is. The last call counts; without one there is no limit.
  void trust_for(Clock::duration ttl);
  bool trust_ran_out() const;  ///< the switch has killed the tree; known before `exited` returns

  /// Returns when no process of the tree is left.
  Task<> gone();

  /// Closes stdin, waits `grace`, SIGTERM, waits `grace`, SIGKILL; returns when all are gone.
  Task<ExitStatus> stop(Clock::duration grace);

 private:
  ChildProcess();
  struct State;
  std::shared_ptr<State> state_;
};

class Trust;

struct Command {
  SpawnSpec spawn;
  std::string input;
  Clock::duration timeout = std::chrono::seconds(60);
  std::size_t output_limit = 64u << 20;  ///< of stdout; stderr keeps its last 64 KiB
  std::shared_ptr<Trust> trust{};        ///< its tree dies with it; none: only at the deadline
};

struct CommandResult {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs a program to its end. Failure{timeout} after the deadline (the tree is killed, even when
/// this host is frozen then), Failure{exhausted} when the output is larger than the limit. A
/// non-zero exit is a result. When the caller is cancelled, the tree is killed and gone before the
/// exception leaves.
Task<CommandResult> run_command(Spawner& spawner, Command command);

}  // namespace opsroom::process

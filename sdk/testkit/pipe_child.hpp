#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace opsroom::testkit {

/// A child process that is talked to in lines over its stdin and stdout; its stderr is ours. Ends
/// it, whatever it does, when destroyed.
class PipeChild {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws std::runtime_error when the program can't be started.
  PipeChild(const std::vector<std::string>& command, const std::map<std::string, std::string>& env);
  ~PipeChild();
  PipeChild(const PipeChild&) = delete;
  PipeChild& operator=(const PipeChild&) = delete;

  /// False once the child no longer reads, or does not in time.
  bool send(const std::string& line, Clock::time_point until);
  /// The next line; none when the deadline passes or the child has closed its stdout.
  std::optional<std::string> receive(Clock::time_point until);
  bool closed() const noexcept { return closed_; }
  pid_t pid() const noexcept { return pid_; }

  /// Closes its stdin and waits; kills it when that takes too long. How it ended, in words.
  std::string end(std::chrono::milliseconds patience);

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  bool closed_ = false;
  std::string buffer_;
};

}  // namespace opsroom::testkit

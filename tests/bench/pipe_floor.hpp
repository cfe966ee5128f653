#pragma once

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace opsroom::bench {

/// A child with pipes to its stdin and from its stdout.
struct PipedChild {
  pid_t pid = 0;
  int to = -1;
  int from = -1;
};
/// The first argument is a path. Throws std::runtime_error.
PipedChild start_piped(std::vector<std::string> arguments);

/// A child behind two blocking pipes that answers `in` bytes with `out` bytes: the least that
/// talking to a process can cost. Nothing of opsroom is in it.
class PipeFloor {
 public:
  /// `program` is mcp_echo_server. Throws std::runtime_error.
  PipeFloor(std::string program, std::size_t in, std::size_t out);
  ~PipeFloor();
  PipeFloor(const PipeFloor&) = delete;
  PipeFloor& operator=(const PipeFloor&) = delete;

  /// Sends `count` requests (they must fit into a pipe), then takes all replies.
  void exchange(std::size_t count);

 private:
  void send();
  void receive();

  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  std::string request_;
  std::string reply_;
};

/// Starts /bin/true and waits for its end: the least that starting a process can cost.
void start_and_wait_for_true();

}  // namespace opsroom::bench

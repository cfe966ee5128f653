#pragma once

#include "base/async.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>

namespace opsroom::tools {

/// The reading end of a pipe, which it owns. Io thread only.
class PipeInlet {
 public:
  /// Takes the descriptor over and makes it non-blocking.
  explicit PipeInlet(asio::posix::stream_descriptor descriptor);
  ~PipeInlet();
  PipeInlet(const PipeInlet&) = delete;
  PipeInlet& operator=(const PipeInlet&) = delete;

  /// Asks for room for so many bytes: large messages then come with fewer changes between the two
  /// processes. Refused near the user's limit for pipes: then it stays as it was.
  void widen(int bytes);

  /// What is there now: some bytes, 0 at the end of the stream; none when nothing is there yet.
  std::optional<std::size_t> read_now(asio::mutable_buffer room);

  /// Waits for bytes; 0 at the end of the stream, or when it is closed.
  Task<std::size_t> read(asio::mutable_buffer room);

  /// For so long what the writer writes wakes nobody.
  Task<> turn_away(Clock::duration pause);

  /// Bytes lie in the pipe that were not read yet.
  bool pending();

  /// Ends a `read` that waits.
  void close();

 private:
  asio::posix::stream_descriptor descriptor_;
  int turned_away_ = -1;  ///< the pipe, while the reactor does not know it
  bool closed_ = false;
};

}  // namespace opsroom::tools

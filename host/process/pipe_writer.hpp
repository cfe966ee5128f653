#pragma once

#include "base/async.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace opsroom::process {

/// Writes messages to a child one after the other, without ever blocking the io thread and without
/// holding more than a bounded number of bytes. A message once begun is written to its end even
/// when the caller is cancelled, so that the child never sees two of them mixed. Io thread only.
class PipeWriter {
 public:
  /// Which bytes of the stream a message is.
  struct Ticket {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  /// `pipe` must outlive the writer. `limit` bytes may wait in memory; a single larger message may
  /// too.
  explicit PipeWriter(asio::posix::stream_descriptor& pipe, std::size_t limit = 1u << 20);
  ~PipeWriter();  ///< what has not been written is dropped
  PipeWriter(const PipeWriter&) = delete;
  PipeWriter& operator=(const PipeWriter&) = delete;

  /// Waits for room, then queues. Failure{unavailable} when the child has closed its end or `close`
  /// was called; nothing of the message has left then.
  Task<Ticket> write(std::string message);

  /// True when the child may have seen any byte of it.
  bool begun(Ticket ticket) const;
  /// True when all of it is in the pipe.
  bool sent(Ticket ticket) const;
  /// True when no later write can succeed.
  bool broken() const;

  /// Returns when everything queued so far is in the pipe; Failure{unavailable} when it cannot be.
  Task<> flush();

  /// Writes what is queued, then closes the pipe: the child reads the end of file.
  Task<> close();

 private:
  struct State;
  static Task<> pump(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace opsroom::process

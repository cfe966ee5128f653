#pragma once

#include "base/async.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// What the peer sent, without framing.
struct Incoming {
  enum class Kind {
    message,
    oversize,      ///< longer than the limit: `text` is its beginning, the rest is being dropped
    oversize_end,  ///< the same message is over: `text` is its end
  };
  Kind kind = Kind::message;
  std::string text;
};

/// The way of one message out; shared between the channel and whoever must know how far it came.
struct Outgoing {
  std::string bytes;        ///< framed; emptied once written
  std::size_t written = 0;  ///< bytes the operating system took
  bool done = false;
  bool lost = false;  ///< the peer went away first

  /// Not a single byte has left: whatever it asks for cannot have happened.
  bool untouched() const { return written == 0; }
};

/// Carries whole messages to and from one peer. Newlines, lengths or frames are its own affair, so
/// that another framing changes nothing above. Io thread only.
class MessageChannel {
 public:
  virtual ~MessageChannel() = default;

  /// Queues a message, whose `bytes` are not framed yet; never blocks, never throws, and resumes
  /// nobody within the call. Messages leave in order, one after another.
  virtual void post(std::shared_ptr<Outgoing> message) = 0;
  /// One whose fate nobody asks for.
  void post(std::string message) {
    auto outgoing = std::make_shared<Outgoing>();
    outgoing->bytes = std::move(message);
    post(std::move(outgoing));
  }

  /// Takes a message back that is still untouched. False when it is too late.
  virtual bool withdraw(const Outgoing& message) = 0;

  /// An empty text to put the next message into; one that has left leaves it its memory.
  virtual std::string blank() { return std::string(); }

  /// How many messages wait in the queue.
  virtual std::size_t queued() const = 0;

  /// The next message; none at the end of the stream. Awaited by one reader.
  virtual Task<std::optional<Incoming>> next() = 0;

  /// The text of a message that came, when nobody needs it any more: the next ones may get its
  /// memory.
  virtual void take_back(std::string text) { static_cast<void>(text); }

  /// How many answers are awaited; said before the request that brings the last of them is posted.
  virtual void await_answers(std::size_t count) { static_cast<void>(count); }

  /// The next message if it has been read already, without waiting.
  virtual std::optional<Incoming> ready() { return std::nullopt; }

  /// From hold to release messages leave together, as long as more have come that were not taken:
  /// for a reader with several answers at hand, each of which may bring the next request. Never
  /// across a wait.
  virtual void hold() {}
  virtual void release() {}
};

}  // namespace opsroom::tools

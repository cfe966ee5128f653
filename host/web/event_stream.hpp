#pragma once

#include "base/async.hpp"
#include "ports/ledger.hpp"
#include "web/event_hub.hpp"
#include "web/http.hpp"
#include "web/session_cursor.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace opsroom::web {

/// How a stream keeps time; tests make it quicker.
struct StreamTiming {
  Clock::duration poll = std::chrono::seconds(1);   ///< how long a lost notification may cost
  Clock::duration ping = std::chrono::seconds(15);  ///< silence after which we say something
  Clock::duration recheck =
      std::chrono::seconds(60);  ///< how long a revoked credential still reads
};

/// What every stream needs. `ledger` is lent and outlives the stream.
struct StreamSource {
  Ledger& ledger;
  std::shared_ptr<EventHub> hub;
  StreamTiming timing;
  std::function<Task<bool>()> still_allowed;
};

/// Sends the events of `run` after number `after`, in order, each once, until the run has ended and
/// everything was sent (then `event: end`), or the reader has gone. While the database is away it
/// keeps the connection and says so in comments. Other failures leave it, which cuts the stream.
Task<> stream_run(StreamSource source, RunId run, std::int64_t after, StreamWriter& out);

/// The same for all runs of a session, present and future; it has no end of its own.
Task<> stream_session(
    StreamSource source, SessionId session, SessionCursor from, StreamWriter& out
);

}  // namespace opsroom::web

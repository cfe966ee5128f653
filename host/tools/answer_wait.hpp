#pragma once

#include "base/stop.hpp"
#include "tools/exchange.hpp"

#include <optional>

namespace opsroom::tools {

/// Whether `stop` asks a call to end now. A drain is asked for here only when its grace has passed.
inline bool must_end(const Stop& stop) {
  return stop.requested();
}

/// How the waiting for an answer ended.
enum class Wake { answered, peer_gone, stopped, idle, too_long };

/// Waits for an answer, the server's end, a stop or a limit. The limits stand still while a person
/// is asked. It lies on the way of every call, so it needs no coroutine of its own:
///
///     while (!waiting.over()) co_await waiting.next();
///
/// Io thread only; all that it is given outlives it.
class AnswerWait {
 public:
  /// `delivering`: while it is true the pipe is not read, a silence that is not the server's.
  AnswerWait(Exchange& exchange, CallLimits limits, Stop& stop, const bool& delivering);
  AnswerWait(const AnswerWait&) = delete;
  AnswerWait& operator=(const AnswerWait&) = delete;
  ~AnswerWait();

  /// Throws when the waiting coroutine was cancelled.
  bool over();
  /// Until there is something to look at.
  auto next() { return exchange_.alarm.sleep_until(until_); }
  /// Once it is over.
  Wake wake() const { return *wake_; }

 private:
  std::optional<Wake> look(bool rung);

  Exchange& exchange_;
  const CallLimits limits_;
  Stop& stop_;
  const bool& delivering_;
  /// Persons asked before belong to an earlier request, whose limits are over.
  const Clock::duration held_before_;
  const Stop::Subscription subscription_;
  Clock::time_point until_;
  std::optional<Wake> wake_;
};

}  // namespace opsroom::tools

#include "tools/answer_wait.hpp"

#include <algorithm>

namespace opsroom::tools {

AnswerWait::AnswerWait(Exchange& exchange, CallLimits limits, Stop& stop, const bool& delivering)
    : exchange_(exchange),
      limits_(limits),
      stop_(stop),
      delivering_(delivering),
      held_before_(exchange.sink->held_for()),
      subscription_(stop.subscribe([alarm = &exchange.alarm](StopReason) { alarm->ring(); })) {
  // Told when the call's clock goes on, and not one moment longer than it is waited.
  exchange_.sink->wake(&exchange_.alarm);
}

AnswerWait::~AnswerWait() {
  exchange_.sink->wake(nullptr);
}

bool AnswerWait::over() {
  // Asked for first, so that what is not seen now rings again.
  const bool rung = exchange_.alarm.rang();
  wake_ = look(rung);
  return wake_.has_value();
}

std::optional<Wake> AnswerWait::look(bool rung) {
  if (exchange_.answered()) return Wake::answered;
  if (exchange_.peer_gone) return Wake::peer_gone;
  if (must_end(stop_)) return Wake::stopped;
  const CallSink& sink = *exchange_.sink;
  if (sink.held()) {
    until_ = Clock::time_point::max();
    return std::nullopt;
  }
  const auto latest = limits_.latest + (sink.held_for() - held_before_);
  const bool silence_is_ours = delivering_ || sink.sampling();
  // A limit that has passed ends the sleep by itself, at once if need be: the time is looked at
  // only then.
  const bool late = !rung && until_ != Clock::time_point();
  const auto now = late || silence_is_ours ? Clock::now() : Clock::time_point::min();
  if (now >= latest) return Wake::too_long;
  if (silence_is_ours) exchange_.last_sign = now;
  const auto silent_until = std::max(exchange_.last_sign, sink.last_sign()) + limits_.idle;
  if (now >= silent_until) return Wake::idle;
  until_ = std::min(silent_until, latest);
  return std::nullopt;
}

}  // namespace opsroom::tools

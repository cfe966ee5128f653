#include "base/stop.hpp"

namespace opsroom {

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "none";
    case StopReason::canceled:
      return "canceled";
    case StopReason::lease_lost:
      return "lease lost";
    case StopReason::draining:
      return "draining";
    case StopReason::timed_out:
      return "timed out";
  }
  return "unknown";
}

void Stop::request(StopReason reason) {
  if (requested() || reason == StopReason::none) return;
  reason_ = reason;
  // Nobody's any more, so that a callback may end subscriptions, its own among them.
  const Callbacks now = std::move(*std::exchange(callbacks_, std::make_shared<Callbacks>()));
  for (const auto& callback : now)
    callback(reason);
  signal_.notify();
}

Stop::Subscription Stop::subscribe(std::function<void(StopReason)> on_stop) {
  if (requested()) {
    on_stop(reason_);
    return Subscription();
  }
  callbacks_->push_back(std::move(on_stop));
  return Subscription(callbacks_);
}

Task<> Stop::wait() {
  while (!requested())
    co_await signal_.wait();
}

}  // namespace opsroom

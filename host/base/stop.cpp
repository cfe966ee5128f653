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
  const Callbacks now = *callbacks_;
  callbacks_->clear();
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
  const auto position = std::prev(callbacks_->end());
  // Weak, since the subscriber may outlive the Stop. A fired list is empty: nothing to erase.
  std::weak_ptr<Callbacks> weak = callbacks_;
  return Subscription([weak, position] {
    const auto list = weak.lock();
    if (!list) return;
    for (auto it = list->begin(); it != list->end(); ++it) {
      if (it == position) {
        list->erase(it);
        return;
      }
    }
  });
}

Task<> Stop::wait() {
  while (!requested())
    co_await signal_.wait();
}

}  // namespace opsroom

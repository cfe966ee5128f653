#include "base/stop.hpp"

#include <utility>

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

Stop::Subscription::Subscription(Stop& stop, std::function<void(StopReason)> on_stop)
    : stop_(&stop), previous_(stop.last_), on_stop_(std::move(on_stop)) {
  (previous_ != nullptr ? previous_->next_ : stop.first_) = this;
  stop.last_ = this;
}

void Stop::Subscription::take(Subscription& other) noexcept {
  stop_ = std::exchange(other.stop_, nullptr);
  next_ = std::exchange(other.next_, nullptr);
  previous_ = std::exchange(other.previous_, nullptr);
  on_stop_ = std::move(other.on_stop_);
  if (stop_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : stop_->first_) = this;
  (next_ != nullptr ? next_->previous_ : stop_->last_) = this;
}

void Stop::Subscription::end() noexcept {
  if (stop_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : stop_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : stop_->last_) = previous_;
  stop_ = nullptr;
  next_ = previous_ = nullptr;
}

Stop::~Stop() {
  while (first_ != nullptr)
    first_->end();
}

void Stop::request(StopReason reason) {
  if (requested() || reason == StopReason::none) return;
  reason_ = reason;
  while (first_ != nullptr) {
    // Nobody's any more before it is called: it may end its own subscription.
    const auto on_stop = std::move(first_->on_stop_);
    first_->end();
    on_stop(reason);
  }
  signal_.notify();
}

Stop::Subscription Stop::subscribe(std::function<void(StopReason)> on_stop) {
  if (requested()) {
    on_stop(reason_);
    return Subscription();
  }
  return Subscription(*this, std::move(on_stop));
}

Task<> Stop::wait() {
  while (!requested())
    co_await signal_.wait();
}

}  // namespace opsroom

#pragma once

#include "base/async.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace opsroom {

enum class StopReason {
  none,
  canceled,    ///< a person asked
  lease_lost,  ///< the run isn't ours any more, or may not be: end at once, change nothing
  draining,    ///< the host goes down: the step may finish within the grace
  timed_out,   ///< the step's own deadline
};

std::string_view stop_reason_name(StopReason reason);

/// A request to stop that travels down with a piece of work. The first reason wins. Explicit
/// instead of Asio's cancellation, because stopping a tool is itself work that must be awaited
/// (tell it, give it grace, kill it). Io thread only.
class Stop {
 public:
  /// Unsubscribes when destroyed.
  class Subscription {
   public:
    Subscription() = default;
    explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
      if (cancel_) cancel_();
      cancel_ = std::exchange(other.cancel_, nullptr);
      return *this;
    }
    ~Subscription() {
      if (cancel_) cancel_();
    }

   private:
    std::function<void()> cancel_;
  };

  explicit Stop(asio::any_io_executor executor) : signal_(std::move(executor)) {}
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  void request(StopReason reason);
  bool requested() const { return reason_ != StopReason::none; }
  StopReason reason() const { return reason_; }

  /// Calls `on_stop` once when the stop is requested (at once if it already was).
  [[nodiscard]] Subscription subscribe(std::function<void(StopReason)> on_stop);

  /// Returns when the stop is requested.
  Task<> wait();

 private:
  using Callbacks = std::list<std::function<void(StopReason)>>;
  StopReason reason_ = StopReason::none;
  std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();
  Signal signal_;
};

}  // namespace opsroom

#pragma once

#include "base/async.hpp"

#include <functional>
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
  /// Unsubscribes when destroyed, and may outlive the Stop.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept { take(other); }
    Subscription& operator=(Subscription&& other) noexcept {
      if (this == &other) return *this;
      end();
      take(other);
      return *this;
    }
    ~Subscription() { end(); }

   private:
    friend class Stop;
    Subscription(Stop& stop, std::function<void(StopReason)> on_stop);
    void take(Subscription& other) noexcept;
    void end() noexcept;

    // It lies on the way of every call, so its place in the list takes no memory of its own.
    Stop* stop_ = nullptr;  ///< null once it was called, or the Stop is gone
    Subscription* next_ = nullptr;
    Subscription* previous_ = nullptr;
    std::function<void(StopReason)> on_stop_;
  };

  explicit Stop(asio::any_io_executor executor) : signal_(std::move(executor)) {}
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  void request(StopReason reason);
  bool requested() const { return reason_ != StopReason::none; }
  StopReason reason() const { return reason_; }

  /// Calls `on_stop` once when the stop is requested (at once if it already was), in the order of
  /// subscribing. `on_stop` may end subscriptions, its own among them: then they are not called.
  [[nodiscard]] Subscription subscribe(std::function<void(StopReason)> on_stop);

  /// Returns when the stop is requested.
  Task<> wait();

 private:
  StopReason reason_ = StopReason::none;
  Subscription* first_ = nullptr;
  Subscription* last_ = nullptr;
  Signal signal_;
};

}  // namespace opsroom

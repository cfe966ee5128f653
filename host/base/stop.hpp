#pragma once

#include "base/async.hpp"

#include <functional>
#include <iterator>
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
  using Callbacks = std::list<std::function<void(StopReason)>>;

 public:
  /// Unsubscribes when destroyed.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept
        : list_(std::move(other.list_)), position_(other.position_) {}
    Subscription& operator=(Subscription&& other) noexcept {
      end();
      list_ = std::move(other.list_);
      position_ = other.position_;
      return *this;
    }
    ~Subscription() { end(); }

   private:
    friend class Stop;
    explicit Subscription(const std::shared_ptr<Callbacks>& list)
        : list_(list), position_(std::prev(list->end())) {}
    void end() {
      if (const auto list = list_.lock()) list->erase(position_);
      list_.reset();
    }

    // Weak, since the subscriber may outlive the Stop, and the list goes once it has been called.
    std::weak_ptr<Callbacks> list_;
    Callbacks::iterator position_;
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
  StopReason reason_ = StopReason::none;
  std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();
  Signal signal_;
};

}  // namespace opsroom

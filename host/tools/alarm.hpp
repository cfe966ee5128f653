#pragma once

#include "base/async.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace opsroom::tools {

class AlarmClock;

/// A bell with a deadline for one waiter: a ring before the wait is not lost. It lies on the way of
/// every call, so the deadlines of all alarms share one timer (AlarmClock), and a wait that is rung
/// in time touches no timer and takes no memory. Io thread only; outlives its wait.
class Alarm {
 public:
  explicit Alarm(asio::any_io_executor executor);
  /// One more by the same clock and executor, which need not be looked up again.
  struct Like {
    const Alarm& other;
  };
  explicit Alarm(Like like) : executor_(like.other.executor_), clock_(like.other.clock_) {}
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Whoever waits goes on soon, not within this call.
  void ring();
  /// Whoever waits goes on within this call, up to its next wait: only where nothing is held that
  /// it may change.
  void ring_now();

  /// True when rung, false when `deadline` came first.
  Task<bool> wait_until(Clock::time_point deadline);

  /// The same in two halves, which need no coroutine of their own: to be awaited when `rang()` is
  /// false, and then looked at with `rang()` again.
  auto sleep_until(Clock::time_point deadline) {
    const auto initiate = [this, deadline](auto handler) { begin(std::move(handler), deadline); };
    return asio::async_initiate<const asio::deferred_t, void()>(initiate, asio::deferred);
  }
  /// Whether it was rung since this was asked last. Throws when the waiter was cancelled.
  bool rang();

 private:
  friend class AlarmClock;

  /// The suspended waiter, in the alarm's own room. Each of these is the last that is done with it,
  /// and may be the last of the alarm.
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void resume(Alarm& alarm) = 0;
    virtual void resume_soon(Alarm& alarm) = 0;
    virtual void drop(Alarm& alarm) = 0;
  };
  template <class Handler>
  struct HandlerWaiter;

  template <class Handler>
  void begin(Handler handler, Clock::time_point deadline);
  void enlist(Waiter& waiter, Clock::time_point deadline);
  void delist();
  void drop();
  void resume_soon();

  asio::any_io_executor executor_;
  AlarmClock& clock_;
  Waiter* waiter_ = nullptr;
  alignas(std::max_align_t) std::byte room_[4 * sizeof(void*)];
  asio::cancellation_slot slot_;  ///< of the waiter
  Clock::time_point deadline_;
  Alarm* next_ = nullptr;  ///< of those that wait on the same clock
  Alarm* previous_ = nullptr;
  bool rung_ = false;
  bool cancelled_ = false;
};

template <class Handler>
struct Alarm::HandlerWaiter : Alarm::Waiter {
  explicit HandlerWaiter(Handler given) : handler(std::move(given)) {}

  void resume(Alarm& alarm) override {
    Handler going = take(alarm);
    std::move(going)();
  }
  void resume_soon(Alarm& alarm) override {
    const asio::any_io_executor executor = alarm.executor_;
    asio::post(executor, take(alarm));
  }
  void drop(Alarm& alarm) override { const Handler gone = take(alarm); }

  /// Leaves the alarm free: what the handler holds may be its owner.
  Handler take(Alarm& alarm) {
    alarm.delist();
    Handler taken = std::move(handler);
    this->~HandlerWaiter();
    return taken;
  }

  Handler handler;
};

template <class Handler>
void Alarm::begin(Handler handler, Clock::time_point deadline) {
  static_assert(sizeof(HandlerWaiter<Handler>) <= sizeof(room_));
  slot_ = asio::get_associated_cancellation_slot(handler);
  if (slot_.is_connected()) {
    slot_.assign([this](asio::cancellation_type) {
      cancelled_ = true;
      resume_soon();
    });
  }
  enlist(*::new (room_) HandlerWaiter<Handler>(std::move(handler)), deadline);
}

}  // namespace opsroom::tools

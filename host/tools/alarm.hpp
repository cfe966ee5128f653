#pragma once

#include "base/async.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/query.hpp>

#include <memory>
#include <utility>

namespace opsroom::tools {

class AlarmClock;

/// A bell with a deadline for one waiter: a ring before the wait is not lost. It lies on the way of
/// every call, so the deadlines of all alarms share one timer (AlarmClock), and a wait that is rung
/// in time touches no timer at all. Io thread only; outlives its wait.
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

 private:
  friend class AlarmClock;

  /// The suspended waiter.
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void resume() = 0;
  };
  template <class Handler>
  struct HandlerWaiter;

  template <class Handler>
  void begin(Handler handler, Clock::time_point deadline);
  void enlist(std::unique_ptr<Waiter> waiter, Clock::time_point deadline);
  std::unique_ptr<Waiter> dismiss();
  void resume_soon();

  asio::any_io_executor executor_;
  AlarmClock& clock_;
  std::unique_ptr<Waiter> waiter_;
  asio::cancellation_slot slot_;  ///< of the waiter
  Clock::time_point deadline_;
  Alarm* next_ = nullptr;  ///< of those that wait on the same clock
  Alarm* previous_ = nullptr;
  bool rung_ = false;
};

}  // namespace opsroom::tools

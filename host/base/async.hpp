#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

namespace opsroom {

namespace asio = boost::asio;
template <class T = void>
using Task = asio::awaitable<T>;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// Sleeps; ends early by throwing only when the awaiting coroutine itself is cancelled.
inline Task<> pause_for(Clock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

namespace detail {

/// What came of a race against a timer. Not `operation || timer`: that operator waits for the first
/// *success*, so a failing operation would be reported only at the deadline, and as a timeout.
inline bool settled_in_time(
    const std::array<std::size_t, 2>& order,
    const std::exception_ptr& failed,
    const std::exception_ptr& timer_failed
) {
  if (!failed) return true;
  const bool timed_out = order[0] == 1 && !timer_failed;
  if (!timed_out) std::rethrow_exception(failed);
  return false;
}

template <class T>
Task<std::optional<T>> as_optional(Task<T> operation) {
  co_return co_await std::move(operation);
}

}  // namespace detail

/// Runs `operation` until it ends or `limit` does; false when the limit came first, in which case
/// the operation was cancelled and has ended. An exception of the operation passes at once. Both
/// must honour Asio cancellation.
inline Task<bool> before(Task<> limit, Task<> operation) {
  const auto executor = co_await asio::this_coro::executor;
  auto race = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, std::move(operation), asio::deferred),
      asio::co_spawn(executor, std::move(limit), asio::deferred)
  );
  const auto [order, failed, limit_failed] =
      co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  co_return detail::settled_in_time(order, failed, limit_failed);
}

/// The same under a deadline; false (or nullopt) when it passed first.
inline Task<bool> within(Clock::duration deadline, Task<> operation) {
  return before(pause_for(deadline), std::move(operation));
}

template <class T>
Task<std::optional<T>> within(Clock::duration deadline, Task<T> operation) {
  const auto executor = co_await asio::this_coro::executor;
  auto wrapped = detail::as_optional(std::move(operation));
  auto timer = pause_for(deadline);
  auto race = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, std::move(wrapped), asio::deferred),
      asio::co_spawn(executor, std::move(timer), asio::deferred)
  );
  auto [order, failed, result, timer_failed] =
      co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!detail::settled_in_time(order, failed, timer_failed)) co_return std::nullopt;
  co_return std::move(result);
}

/// A condition to wait for on the io thread: `notify` wakes everyone who waits now. Level is kept
/// by the owner (check your condition in a loop); it is not a counter and not thread-safe.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor) : timer_(executor, Clock::time_point::max()) {}

  void notify() {
    ++notified_;
    timer_.cancel();
  }

  /// Counts from the call on, not from the first co_await: a notify in between is not lost.
  Task<> wait() { return wait_since(notified_); }

  /// True when notified, false when the time passed first.
  Task<bool> wait_for(Clock::duration duration) {
    auto waiting = wait();
    co_return co_await within(duration, std::move(waiting));
  }

 private:
  Task<> wait_since(std::uint64_t seen) {
    if (notified_ != seen) co_return;
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }

  std::uint64_t notified_ = 0;
  asio::steady_timer timer_;
};

/// Waits for all tasks it was given to end: the owner of detached coroutines. Io thread only.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor) : executor_(executor), idle_(executor) {}

  /// Starts `task`; an exception that leaves it goes to `on_error`.
  template <class OnError>
  void start(Task<> task, OnError on_error) {
    ++running_;
    asio::co_spawn(
        executor_,
        std::move(task),
        [this, on_error = std::move(on_error)](std::exception_ptr error) mutable {
          if (error) on_error(error);
          --running_;
          idle_.notify();
        }
    );
  }

  std::size_t running() const { return running_; }

  Task<> wait_until_at_most(std::size_t count) {
    while (running_ > count)
      co_await idle_.wait();
  }

 private:
  asio::any_io_executor executor_;
  Signal idle_;
  std::size_t running_ = 0;
};

}  // namespace opsroom

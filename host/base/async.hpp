#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
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

/// Runs `operation` under a deadline; false (or nullopt) when the deadline came first, in which case
/// the operation was cancelled and has ended. The operation must honour Asio cancellation.
inline Task<bool> within(Clock::duration deadline, Task<> operation) {
  using namespace asio::experimental::awaitable_operators;
  auto timer = pause_for(deadline);
  const auto first = co_await (std::move(operation) || std::move(timer));
  co_return first.index() == 0;
}

template <class T>
Task<std::optional<T>> within(Clock::duration deadline, Task<T> operation) {
  using namespace asio::experimental::awaitable_operators;
  auto timer = pause_for(deadline);
  auto first = co_await (std::move(operation) || std::move(timer));
  if (first.index() == 0) co_return std::optional<T>(std::get<0>(std::move(first)));
  co_return std::optional<T>();
}

/// A condition to wait for on the io thread: `notify` wakes everyone who waits now. Level is kept by
/// the owner (check your condition in a loop); it is not a counter and not thread-safe.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor)
      : timer_(std::move(executor), Clock::time_point::max()) {}

  void notify() { timer_.cancel(); }

  Task<> wait() {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }

  /// True when notified, false when the time passed first.
  Task<bool> wait_for(Clock::duration duration) {
    auto waiting = wait();
    co_return co_await within(duration, std::move(waiting));
  }

 private:
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
    while (running_ > count) co_await idle_.wait();
  }

 private:
  asio::any_io_executor executor_;
  Signal idle_;
  std::size_t running_ = 0;
};

}  // namespace opsroom

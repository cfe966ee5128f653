#pragma once

#include "base/async.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace opsroom::tools {

/// A bell with a deadline for one waiter: a ring before the wait is not lost. One timer does both,
/// since this wait lies on the way of every call. Io thread only.
class Alarm {
 public:
  explicit Alarm(asio::any_io_executor executor) : timer_(std::move(executor)) {}

  void ring() {
    rung_ = true;
    timer_.cancel();
  }

  /// True when rung, false when `deadline` came first.
  Task<bool> wait_until(Clock::time_point deadline) {
    if (!rung_) {
      timer_.expires_at(deadline);
      boost::system::error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      co_await timer_.async_wait(token);
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
      }
    }
    co_return std::exchange(rung_, false);
  }

 private:
  asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace opsroom::tools

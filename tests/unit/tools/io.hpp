#pragma once

#include "base/async.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace opsroom::tools::test {

/// Runs coroutines one after another from a plain test body; what they left running goes on during
/// the next one. A task that does not end in time is an exception.
class Io {
 public:
  asio::any_io_executor executor() { return context_.get_executor(); }
  asio::io_context& context() { return context_; }

  template <class T>
  T run(Task<T> task, Clock::duration deadline = std::chrono::seconds(20)) {
    std::optional<T> value;
    std::exception_ptr failed;
    bool ended = false;
    asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error, T result) {
      failed = error;
      if (!error) value.emplace(std::move(result));
      ended = true;
      context_.stop();
    });
    drive(ended, deadline);
    if (failed) std::rethrow_exception(failed);
    return std::move(*value);
  }

  void run(Task<> task, Clock::duration deadline = std::chrono::seconds(20)) {
    std::exception_ptr failed;
    bool ended = false;
    asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error) {
      failed = error;
      ended = true;
      context_.stop();
    });
    drive(ended, deadline);
    if (failed) std::rethrow_exception(failed);
  }

 private:
  void drive(const bool& ended, Clock::duration deadline) {
    context_.restart();
    context_.run_for(deadline);
    if (!ended) throw std::runtime_error("the coroutine did not end in time");
  }

  asio::io_context context_;
};

}  // namespace opsroom::tools::test

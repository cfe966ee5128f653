#pragma once

#include "base/async.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <optional>

namespace opsroom::testing {

/// Runs a coroutine to its end on its own io_context. A test that would hang fails instead.
inline void run_to_end(
    asio::io_context& context, Task<> task, Clock::duration deadline = std::chrono::seconds(20)
) {
  std::exception_ptr failed;
  bool ended = false;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) {
    failed = error;
    ended = true;
    context.stop();
  });
  context.restart();
  context.run_for(deadline);
  ASSERT_TRUE(ended) << "the test's coroutine did not end in time";
  if (failed) std::rethrow_exception(failed);
}

}  // namespace opsroom::testing

#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <opsroom/tool.hpp>
#include <poll.h>

namespace opsroom::plugins {

/// Waits on the calling thread; tool::Cancelled at once when the call is cancelled.
inline void pause(const tool::Call& call, std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + time;
  while (true) {
    call.checkpoint();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return;
    pollfd cancel{call.cancel_fd(), POLLIN, 0};
    // A host without a fd is asked again and again.
    const auto step = std::min<std::int64_t>(left.count(), call.cancel_fd() < 0 ? 100 : 60000);
    ::poll(&cancel, 1, static_cast<int>(step));
  }
}

}  // namespace opsroom::plugins

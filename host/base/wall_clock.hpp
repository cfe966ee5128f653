#pragma once

#include "base/async.hpp"

#include <chrono>

namespace opsroom {

/// The time of day of moments of the steady clock, for whoever has read that one already: reading a
/// clock costs as much as a small step of a call. Since the time of day may be set, it is read
/// again after a few milliseconds. One thread only.
class WallClock {
 public:
  using Time = std::chrono::system_clock::time_point;
  static constexpr Clock::duration term = std::chrono::milliseconds(10);

  explicit WallClock(Time (*read)() = &std::chrono::system_clock::now) : read_(read) {}

  /// `moment` is now, or a moment ago.
  Time at(Clock::time_point moment);

 private:
  Time (*read_)();
  Clock::time_point looked_at_;
  Time seen_;
  bool looked_ = false;
};

}  // namespace opsroom

#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"

#include <memory>

namespace opsroom::engine {

/// A step's own time limit. It stands still while a person is asked: a tool cannot hurry one, and a
/// question has a limit of its own. Io thread only.
class StepDeadline {
 public:
  /// Requests `stop` with timed_out when `limit` has passed; zero: never. `stop` outlives it.
  StepDeadline(asio::any_io_executor executor, Milliseconds limit, Stop& stop);
  StepDeadline(const StepDeadline&) = delete;
  StepDeadline& operator=(const StepDeadline&) = delete;

  /// May be called again while it stands still: it goes on after as many `go_on`.
  void hold();
  void go_on();

 private:
  void start();

  asio::steady_timer timer_;
  Clock::duration left_;
  Clock::time_point started_;
  Stop& stop_;
  bool limited_;
  int holds_ = 0;
  /// A timer that has fired already calls back whatever is cancelled, even after our end.
  std::shared_ptr<int> rounds_ = std::make_shared<int>(0);
};

}  // namespace opsroom::engine

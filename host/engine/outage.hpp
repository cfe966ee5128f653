#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"

#include <string>

namespace opsroom::engine {

/// Waits longer and longer between tries, with jitter, and says in the log once that something is
/// away and once that it is back, instead of a line for every try.
class Outage {
 public:
  /// `what` is the subject of the log lines: "the database".
  explicit Outage(std::string what) : what_(std::move(what)) {}

  /// Notes a failed try and waits; 0.1 s at first, 2 s at most.
  Task<> wait_after(Failure failure);
  /// Notes a success.
  void over();
  bool ongoing() const { return tries_ > 0; }

 private:
  std::string what_;
  int tries_ = 0;
};

}  // namespace opsroom::engine

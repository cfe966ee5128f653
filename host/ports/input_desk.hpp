#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "model/input.hpp"
#include "model/run.hpp"

#include <string>

namespace opsroom {

/// A question whose asker keeps its process: the run is shown as waiting, and stays with its
/// worker.
struct LiveQuestion {
  int position = 0;  ///< of the step
  std::string step;
  std::string tool;
  InputAsk ask;
  Milliseconds limit{0};
};

/// Asks people on behalf of a tool that is at work. Io thread only.
class InputDesk {
 public:
  virtual ~InputDesk() = default;

  /// Makes the question known, waits for its answer and returns it; InputAction::cancel, and the
  /// question expired, when `limit` has passed or `stop` was requested. The run is `waiting` while
  /// any of its questions is open, and `running` again afterwards. Throws LeaseLost. While the
  /// database is away it waits on, up to the limit.
  virtual Task<InputReply> ask(Claim claim, LiveQuestion question, Stop& stop) = 0;
};

}  // namespace opsroom

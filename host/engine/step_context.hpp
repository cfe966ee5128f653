#pragma once

#include "base/stop.hpp"
#include "engine/run_log.hpp"
#include "model/call_record.hpp"
#include "model/step.hpp"
#include "ports/input_desk.hpp"
#include "ports/lane_pool.hpp"
#include "ports/run_queue.hpp"
#include "ports/toolbox.hpp"

#include <string>
#include <vector>

namespace opsroom::engine {

/// What a step borrows from its run.
struct StepContext {
  const Claim& claim;
  const Run& run;
  RunQueue& queue;
  RunTools& tools;
  LaneCheckout& lane;
  InputDesk& inputs;
  RunLog& log;
  Stop& run_stop;  ///< cancellation and loss of the lease
  Milliseconds diff_interval;
  const Clock::time_point& trusted_until;  ///< renewed while the lease is
};

/// What an event of kind step.* says.
Json step_event(const Step& step);

/// Writes the step's row with the event of this kind, and the audit of its calls, in one
/// transaction.
Task<> record_step(
    StepContext context, Step step, std::string kind, std::vector<CallRecord> calls = {}
);

}  // namespace opsroom::engine

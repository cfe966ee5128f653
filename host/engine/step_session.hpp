#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/run_log.hpp"
#include "model/step.hpp"
#include "ports/lane_pool.hpp"
#include "ports/run_queue.hpp"
#include "ports/toolbox.hpp"
#include "runbook/plan.hpp"

#include <string>

namespace opsroom::engine {

/// What a step borrows from its run.
struct StepContext {
  const Claim& claim;
  RunQueue& queue;
  RunTools& tools;
  LaneCheckout& lane;
  RunLog& log;
  Stop& run_stop;  ///< cancellation and loss of the lease
  Milliseconds diff_interval;
};

/// Performs one step: arguments resolved, write-ahead, call with live log and diff, outcome
/// recorded. Returns the step as it was recorded; LeaseLost leaves. A step cut short by the loss of
/// the lease is not recorded here: whoever holds the run now does.
Task<Step> perform_step(
    asio::any_io_executor executor,
    StepContext context,
    runbook::PlanStep plan,
    Step step,
    Json scope
);

}  // namespace opsroom::engine

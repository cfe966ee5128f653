#pragma once

#include "engine/step_context.hpp"
#include "engine/step_resume.hpp"
#include "runbook/plan.hpp"

#include <optional>
#include <vector>

namespace opsroom::engine {

/// How far a step came.
struct StepEnd {
  Step step;  ///< as it was recorded; with a suspension: as it is to be recorded together with it
  std::optional<Suspension> suspension;  ///< the run is to be laid down until it can go on
  std::vector<CallRecord> calls;         ///< of a suspension, for the audit log
};

/// What the engine has found out about a tool before it is called.
struct ToolFacts {
  bool may_be_repeated = false;  ///< its call does no harm when what came of it is not known
};

/// Performs one step: arguments resolved, write-ahead, call with live log, questions and diff,
/// outcome recorded. With `goes_on` it is another round of a call that was laid down, with the
/// arguments of the first. A step that failed and is to be tried again comes back as a suspension.
/// LeaseLost leaves. A step cut short by the loss of the lease is not
/// recorded here: whoever holds the run now does.
Task<StepEnd> perform_step(
    asio::any_io_executor executor,
    StepContext context,
    runbook::PlanStep plan,
    Step step,
    Json scope,
    std::optional<Continuation> goes_on,
    ToolFacts facts = {}
);

}  // namespace opsroom::engine

#include "engine/step_session.hpp"

#include "engine/diff_watch.hpp"
#include "engine/step_deadline.hpp"
#include "engine/step_listener.hpp"
#include "engine/step_retry.hpp"
#include "runbook/expressions.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace opsroom::engine {
namespace {

/// What an interrupted attempt, or an earlier round, has left in the row says nothing about this
/// one. A call that goes on began when its first round did.
void forget_earlier_try(Step& step, bool goes_on) {
  step.output = nullptr;
  step.delivery.reset();
  step.error.reset();
  step.hint.reset();
  step.finished_at.reset();
  if (goes_on) return;
  step.started_at.reset();
  step.resume = nullptr;
  ++step.tries;
}

void fail(Step& step, const Failure& failure, Delivery delivery) {
  step.status = StepStatus::failed;
  step.delivery = to_string(delivery);
  step.error = failure.message();
  if (!failure.hint().empty()) step.hint = failure.hint();
}

/// Sent, then silence, and nobody asked for its end: the server died, or the host took it down.
bool is_interrupted(const ToolResult& result, StopReason why) {
  if (result.delivery != Delivery::unknown) return false;
  return why == StopReason::draining || (why == StopReason::none && !result.timed_out);
}

StepStatus status_of(const ToolResult& result, StopReason why) {
  if (result.succeeded) return StepStatus::succeeded;
  const bool not_begun =
      result.delivery == Delivery::not_sent || result.delivery == Delivery::rejected;
  if (not_begun && why == StopReason::draining) return StepStatus::pending;
  if (is_interrupted(result, why)) return StepStatus::interrupted;
  if (why == StopReason::canceled) return StepStatus::canceled;
  return StepStatus::failed;
}

void apply(Step& step, ToolResult& result, StopReason why, Milliseconds timeout) {
  step.status = status_of(result, why);
  step.delivery = to_string(result.delivery);
  step.output = std::move(result.output.json());
  if (is_finished(step.status)) step.resume = nullptr;
  const bool explains_itself = step.status == StepStatus::succeeded ||
                               step.status == StepStatus::canceled ||
                               step.status == StepStatus::pending;
  if (explains_itself) return;
  step.error = result.error;
  if (!result.hint.empty()) step.hint = result.hint;
  const bool own_limit = timeout > Milliseconds::zero();
  if (own_limit && (why == StopReason::timed_out || result.timed_out)) {
    const std::chrono::duration<double> seconds = timeout;
    step.error = fmt::format("timed out after {} s", seconds.count());
    step.hint = "Give the step a longer `timeout`, or find out why the tool hangs.";
  }
}

/// A call of which nothing was sent is tried again; of what was sent a person decides, or the
/// runbook.
Task<ToolResult> call_until_sent(
    RunTools& tools, ToolCall call, CallListener& listener, Stop& stop
) {
  constexpr int most_tries = 3;
  std::vector<CallRecord> records;
  for (int tries = 1;; ++tries) {
    ToolCall attempt = call;
    auto calling = tools.call(std::move(attempt), listener, stop);
    ToolResult result = co_await std::move(calling);
    std::move(result.records.begin(), result.records.end(), std::back_inserter(records));
    const bool again = result.worth_another_try && tries < most_tries && !stop.requested();
    if (!again) {
      result.records = std::move(records);
      co_return result;
    }
  }
}

/// What came of a call and of what went on beside it.
struct CallEnd {
  ToolResult result;
  bool returned = false;       ///< `result` says something
  std::exception_ptr problem;  ///< of the host: the call itself, its diff, its row
};

/// Calls the tool under the step's own deadline; the run's stop reaches it too. Diff and row are
/// kept fresh beside it.
Task<CallEnd> call_and_watch(
    asio::any_io_executor executor, StepContext context, Step step, ToolCall call, Stop& stop
) {
  CallEnd end;
  StepDeadline deadline(executor, call.timeout, stop);
  StepListener listener(executor, context, step, deadline, stop);
  DiffWatch diffs(executor, step.id, context.lane, context.log, context.diff_interval);
  const auto forwarded =
      context.run_stop.subscribe([&stop](StopReason reason) { stop.request(reason); });
  TaskGroup beside(executor);
  const auto note_problem = [&end](std::exception_ptr error) {
    if (!end.problem) end.problem = error;
  };
  beside.start(diffs.run(), note_problem);
  beside.start(listener.keep_telling(), [&](std::exception_ptr error) {
    note_problem(error);
    // The row cannot be written: the run is not ours any more, or this host cannot work.
    stop.request(StopReason::lease_lost);
  });
  try {
    auto calling = call_until_sent(context.tools, std::move(call), listener, stop);
    end.result = co_await std::move(calling);
    end.returned = true;
  } catch (...) {
    end.problem = std::current_exception();
  }
  deadline.hold();
  diffs.end();
  listener.end();
  co_await beside.wait_until_at_most(0);
  if (!end.problem && stop.reason() != StopReason::lease_lost) {
    try {
      co_await diffs.look();
    } catch (...) {
      end.problem = std::current_exception();
    }
  }
  // What the host started died with its trust: no failure of the step, which may be another's now.
  if (end.problem && Clock::now() >= context.trusted_until) stop.request(StopReason::lease_lost);
  co_return end;
}

Task<> store_artifacts(RunLog& log, std::string step, std::vector<ArtifactDraft> artifacts) {
  for (ArtifactDraft& artifact : artifacts) {
    artifact.step = step;
    co_await log.store(std::move(artifact));
  }
}

/// The host's own failure, if it was one that can be told; LeaseLost and the unexpected leave.
std::optional<Failure> failure_of(const std::exception_ptr& problem) {
  if (!problem) return std::nullopt;
  try {
    std::rethrow_exception(problem);
  } catch (const LeaseLost&) {
    throw;
  } catch (const Failure& failure) {
    return failure;
  }
}

ToolCall call_for(const StepContext& context, const Step& step, Milliseconds timeout) {
  const Claim& claim = context.claim;
  ToolCall call;
  call.tool = step.tool;
  call.arguments = step.arguments;
  call.run = claim.run;
  call.step = step.id;
  call.attempt = claim.attempt;
  call.idempotency_key = fmt::format("run-{}-step-{}", claim.run, step.position);
  call.timeout = timeout;
  call.traceparent = context.run.traceparent;
  call.tracestate = context.run.tracestate;
  return call;
}

/// What a call is concluded by, besides its result.
struct Terms {
  StopReason why = StopReason::none;
  Milliseconds timeout{0};
  runbook::Retry retry;
  ToolFacts facts;
  bool goes_on = false;    ///< it was another round
  bool elsewhere = false;  ///< something worked on it elsewhere when it began
};

/// Cancelled before its server could be told that what works for it is not wanted any more: the row
/// keeps where that is, and whoever ends the run sees to it.
bool has_left_work_elsewhere(const ToolResult& result, const Terms& terms) {
  return terms.elsewhere && terms.why == StopReason::canceled && !result.suspended &&
         result.delivery == Delivery::not_sent;
}

/// Records what came of the call, unless the run is to be laid down: that is its owner's to write.
Task<StepEnd> conclude(StepContext context, Step step, CallEnd end, Terms terms) {
  std::optional<Failure> broken = failure_of(end.problem);
  std::vector<CallRecord> calls = std::move(end.result.records);
  // Of a task that has just begun only its row tells whom to say that the run was cancelled.
  const bool laid_down = end.result.suspended &&
                         (terms.why != StopReason::canceled || end.result.suspended->elsewhere);
  if (!broken && has_left_work_elsewhere(end.result, terms)) {
    step.status = StepStatus::waiting;
    auto recording = record_step(context, step, "step.waiting", std::move(calls));
    co_await std::move(recording);
    step.status = StepStatus::canceled;
    co_return StepEnd{std::move(step), std::nullopt, {}};
  }
  if (!broken && laid_down) {
    step.status = StepStatus::waiting;
    step.delivery = to_string(end.result.delivery);
    step.resume = resume_of(*end.result.suspended);
    co_return StepEnd{std::move(step), std::move(end.result.suspended), std::move(calls)};
  }
  if (!broken) {
    try {
      auto storing = store_artifacts(context.log, step.id, std::move(end.result.artifacts));
      co_await std::move(storing);
    } catch (const LeaseLost&) {
      throw;
    } catch (const Failure& failure) {
      broken = failure;
    }
  }
  if (broken) {
    fail(step, *broken, end.returned ? end.result.delivery : Delivery::unknown);
    step.resume = nullptr;
  } else {
    apply(step, end.result, terms.why, terms.timeout);
    // Nothing has been sent, and it is to begin again on another worker.
    if (step.status == StepStatus::pending && !terms.goes_on) --step.tries;
    const auto pause = pause_before_next_try(terms.retry, step, terms.facts.may_be_repeated);
    if (pause) {
      Suspension suspension = lay_down_for_retry(step, terms.retry, *pause);
      co_return StepEnd{std::move(step), std::move(suspension), std::move(calls)};
    }
  }
  auto recording = record_step(context, step, "step.finished", std::move(calls));
  co_await std::move(recording);
  co_return StepEnd{std::move(step), std::nullopt, {}};
}

}  // namespace

Task<StepEnd> perform_step(
    asio::any_io_executor executor,
    StepContext context,
    runbook::PlanStep plan,
    Step step,
    Json scope,
    std::optional<Continuation> goes_on,
    ToolFacts facts
) {
  step.attempt = context.claim.attempt;
  forget_earlier_try(step, goes_on.has_value());
  std::optional<Failure> unresolved;
  if (!goes_on) {
    try {
      step.arguments = runbook::resolve(plan.with, scope);
    } catch (const Failure& failure) {
      unresolved = failure;
    }
  }
  if (unresolved) {
    fail(step, *unresolved, Delivery::not_sent);
    auto recording = record_step(context, step, "step.finished");
    co_await std::move(recording);
    co_return StepEnd{std::move(step), std::nullopt, {}};
  }

  // Durable before the first byte leaves: a crash from here on is an interrupted step. Of a call
  // that goes on the row keeps where it goes on from.
  step.status = StepStatus::running;
  auto writing_ahead = record_step(context, step, "step.started");
  co_await std::move(writing_ahead);

  Terms terms;
  terms.timeout = plan.timeout;
  terms.retry = plan.retry;
  terms.facts = facts;
  terms.goes_on = goes_on.has_value();
  terms.elsewhere = goes_on && goes_on->elsewhere;
  ToolCall call = call_for(context, step, plan.timeout);
  if (goes_on) {
    call.resume = std::move(goes_on->state);
    call.answers = std::move(goes_on->answers);
  }
  // The reason is read after the call, so the Stop lives here.
  Stop stop(executor);
  auto calling = call_and_watch(executor, context, step, std::move(call), stop);
  CallEnd end = co_await std::move(calling);
  if (stop.reason() == StopReason::lease_lost) throw LeaseLost(context.claim.run);
  terms.why = stop.reason();
  auto concluding = conclude(context, std::move(step), std::move(end), terms);
  co_return co_await std::move(concluding);
}

}  // namespace opsroom::engine

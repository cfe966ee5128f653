#include "engine/run_session.hpp"

#include "engine/step_retry.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>
#include <utility>

namespace opsroom::engine {

RunSession::RunSession(
    asio::any_io_executor executor,
    ClaimedRun run,
    Ports ports,
    LeaseKeeper& leases,
    Stop& abandon,
    RunSessionOptions options
)
    : executor_(executor),
      run_(std::move(run)),
      ports_(ports),
      leases_(leases),
      options_(options),
      stop_(executor),
      log_(executor, run_.claim, run_.last_seq, ports.journal, abandon) {}

Task<> RunSession::run() {
  leases_.hold(run_.claim, stop_, [this](Clock::time_point until) {
    trusted_until_ = until;
    trust_tools();
  });
  if (run_.cancel_requested) stop_.request(StopReason::canceled);

  TaskGroup beside(executor_);
  const RunId id = run_.claim.run;
  beside.start(log_.keep_flushing(), [this, id](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const LeaseLost&) {
      stop_.request(StopReason::lease_lost);
    } catch (const std::exception& failure) {
      spdlog::error("run {}: its log cannot be written: {}", id, failure.what());
      stop_.request(StopReason::lease_lost);
    }
  });
  try {
    co_await tell();
  } catch (const LeaseLost& lost) {
    spdlog::warn("{}", lost.what());
  } catch (const std::exception& error) {
    spdlog::error("run {}: could not be recorded: {}", id, error.what());
  }
  log_.stop();
  co_await beside.wait_until_at_most(0);
  leases_.release(run_.claim);
}

/// The work, and what its failures mean for the run.
Task<> RunSession::tell() {
  std::optional<Failure> failed;
  bool lost = false;
  try {
    co_await work_through();
  } catch (const LeaseLost&) {
    lost = true;
  } catch (const Failure& failure) {
    failed = failure;
  } catch (const std::exception& error) {
    failed = Failure(Code::internal, fmt::format("the host failed: {}", error.what()));
  }
  // What the host has started for the run dies with its trust, before the fence here is seen to
  // fall.
  const bool too_late = failed && Clock::now() >= trusted_until_;
  if (too_late || (failed && stop_.reason() == StopReason::lease_lost)) lost = true;
  co_await close_tools();
  if (lost) {
    // Ours in doubt: when the token still holds, the next owner need not wait for the lease to end.
    co_await give_back("the worker lost its lease");
  } else if (failed && stop_.reason() == StopReason::canceled) {
    co_await end_as(RunStatus::canceled, {}, {});
  } else if (failed) {
    co_await end_as(RunStatus::failed, failed->message(), failed->hint());
  }
}

Task<> RunSession::work_through() {
  plan_ = runbook::plan_from_json(run_.plan);
  if (!stop_.requested() && !draining_) {
    // A server that does not answer, or a repository far away, must not delay a cancellation.
    auto preparing = prepare();
    co_await before(stop_.wait(), std::move(preparing));
  }
  int position = 0;
  for (const runbook::PlanStep& step : plan_.steps) {
    ++position;
    repeats_ = 0;
    Next next = Next::again;
    while (next == Next::again)
      next = co_await take_step_if_wanted(step, position);
    if (next == Next::ended) co_return;
  }
  if (stop_.reason() == StopReason::lease_lost) throw LeaseLost(run_.claim.run);
  co_await end_as(RunStatus::succeeded, {}, {});
}

Task<RunSession::Next> RunSession::take_step_if_wanted(
    const runbook::PlanStep& plan, int position
) {
  if (stop_.reason() == StopReason::lease_lost) throw LeaseLost(run_.claim.run);
  if (stop_.reason() == StopReason::canceled) {
    co_await end_as(RunStatus::canceled, {}, {});
    co_return Next::ended;
  }
  if (draining_ || stop_.requested()) {
    co_await give_back("the worker is shutting down");
    co_return Next::ended;
  }
  co_return co_await take_step(plan, position);
}

Task<> RunSession::prepare() {
  co_await check_tools();
  LaneRequest request{run_.session.slug, run_.lane, run_.session.repository, run_.session.base};
  auto opening = ports_.lanes.open(std::move(request));
  lane_ = co_await std::move(opening);
  tools_ = ports_.toolbox.open(lane_->directory());
  trust_tools();
}

/// An unknown tool is found before the first step acts, not after the fourth.
Task<> RunSession::check_tools() {
  std::set<std::string> tools;
  for (const runbook::PlanStep& step : plan_.steps)
    tools.insert(step.tool);
  for (const std::string& tool : tools) {
    auto describing = describe_patiently(tool);
    co_await std::move(describing);
  }
}

/// A server that dies as it is asked for its tools has done nothing yet, and may be asked again.
Task<> RunSession::describe_patiently(std::string tool) {
  constexpr int most_tries = 3;
  for (int tries = 1;; ++tries) {
    std::optional<Failure> away;
    try {
      co_await ports_.toolbox.describe(tool);
      co_return;
    } catch (const Failure& failure) {
      if (failure.code() != Code::unavailable || !failure.retryable()) throw;
      away = failure;
    }
    if (tries >= most_tries) throw *away;
    auto pausing = pause_for(options_.pause_before_repeat);
    co_await before(stop_.wait(), std::move(pausing));
  }
}

Step& RunSession::step_row(const runbook::PlanStep& plan, int position) {
  for (Step& step : run_.steps) {
    if (step.position == position) return step;
  }
  Step step;
  step.position = position;
  step.id = plan.id;
  step.tool = plan.tool;
  run_.steps.push_back(std::move(step));
  return run_.steps.back();
}

Task<RunSession::Next> RunSession::take_step(const runbook::PlanStep& plan, int position) {
  Step& step = step_row(plan, position);
  if (step.status == StepStatus::succeeded || step.status == StepStatus::skipped) {
    co_return Next::go_on;
  }
  if (step.status == StepStatus::failed || step.status == StepStatus::canceled) {
    // Recorded by an earlier owner, which did not come to record the end of the run.
    co_await end_after(step);
    co_return Next::ended;
  }
  std::optional<Continuation> goes_on = continuation_of(step, run_.inputs);
  // Waiting without a state: its tool had kept its process for the answer, and died with the
  // worker.
  const bool cut_off = step.status == StepStatus::waiting && !goes_on && !waits_for_next_try(step);
  if (cut_off || step.status == StepStatus::interrupted || step.status == StepStatus::running) {
    auto settling = settle_interrupted(plan, step);
    const Next next = co_await std::move(settling);
    if (next == Next::ended) co_return Next::ended;
  } else if (goes_on && !goes_on->open.empty() && !goes_on->looks_again) {
    co_await lay_down_again(step, std::move(*goes_on));
    co_return Next::ended;
  }
  StepContext context{
      run_.claim,
      run_.run,
      ports_.queue,
      *tools_,
      *lane_,
      ports_.inputs,
      log_,
      stop_,
      options_.diff_interval,
      trusted_until_
  };
  ToolFacts facts;
  if (plan.retry.attempts > 1) {
    auto asking = may_be_repeated(plan);
    facts.may_be_repeated = co_await std::move(asking);
  }
  auto performing =
      perform_step(executor_, context, plan, step, scope(), std::move(goes_on), facts);
  StepEnd end = co_await std::move(performing);
  step_row(plan, position) = end.step;
  auto concluding = after_step(std::move(end));
  co_return co_await std::move(concluding);
}

Task<RunSession::Next> RunSession::after_step(StepEnd end) {
  if (end.suspension) {
    co_await lay_down(std::move(end));
    co_return Next::ended;
  }
  switch (end.step.status) {
    case StepStatus::succeeded:
      co_return Next::go_on;
    case StepStatus::interrupted:
    case StepStatus::pending:
      // Where its tool died and not its worker, this one can settle it.
      if (!stop_.requested()) co_return Next::again;
      co_await give_back("the worker is shutting down");
      co_return Next::ended;
    default:
      co_await end_after(std::move(end.step));
      co_return Next::ended;
  }
}

/// The end that a failed or canceled step means for its run.
Task<> RunSession::end_after(Step step) {
  if (step.status == StepStatus::canceled) {
    co_await end_as(RunStatus::canceled, {}, {});
  } else {
    const std::string what = fmt::format("step '{}': {}", step.id, step.error.value_or("failed"));
    co_await end_as(RunStatus::failed, what, step.hint.value_or(""));
  }
}

Task<bool> RunSession::may_be_repeated(const runbook::PlanStep& plan) {
  if (plan.on_interrupt == runbook::OnInterrupt::retry) co_return true;
  auto describing = ports_.toolbox.describe(plan.tool);
  const ToolDescriptor tool = co_await std::move(describing);
  co_return tool.safe_to_repeat;
}

/// This call was sent and its outcome is unknown: its tool died, or an earlier worker. Only
/// somebody who knows that repeating does no harm may repeat it.
Task<RunSession::Next> RunSession::settle_interrupted(const runbook::PlanStep& plan, Step& step) {
  std::string what =
      fmt::format("step '{}' was interrupted and may or may not have happened", plan.id);
  if (step.error) what += fmt::format(" ({})", *step.error);
  const bool repeat = co_await may_be_repeated(plan);
  if (repeat) {
    if (repeats_ < options_.repeats) {
      log_.note(step.id, "The step was interrupted; it runs again, as it may be repeated.");
      co_await pause_before_repeat();
      co_return Next::go_on;
    }
    const std::string hint = "Its tool died every time: `opsroom tools doctor` may say why.";
    co_await end_as(RunStatus::failed, fmt::format("{}, {} times", what, repeats_ + 1), hint);
    co_return Next::ended;
  }
  if (plan.on_interrupt == runbook::OnInterrupt::fail) {
    co_await end_as(RunStatus::failed, what, "The runbook says on_interrupt: fail.");
    co_return Next::ended;
  }
  step.status = StepStatus::interrupted;
  co_await park(step, what + ". Retry it, skip it, or fail the run?");
  co_return Next::ended;
}

/// The first repeat is the one after an earlier worker's death, and need not wait.
Task<> RunSession::pause_before_repeat() {
  const Milliseconds pause =
      repeats_ == 0 ? Milliseconds(0) : options_.pause_before_repeat * (1 << (repeats_ - 1));
  ++repeats_;
  auto pausing = pause_for(pause);
  co_await before(stop_.wait(), std::move(pausing));
}

Task<> RunSession::park(Step step, std::string question) {
  co_await close_tools();
  RunLog::Write write = [this, &step, &question](std::vector<Event> events) {
    return ports_.queue.park(run_.claim, step, question, std::move(events));
  };
  auto parking = log_.commit(std::move(write));
  co_await std::move(parking);
  spdlog::info("run {}: waits for a decision: {}", run_.claim.run, question);
}

/// Nothing of the run is alive while it is laid down: neither a process nor a slot. What the row
/// keeps is the tools' state with what the engine has to know of it.
Task<> RunSession::lay_down(StepEnd end) {
  co_await close_tools();
  end.suspension->state = end.step.resume;
  if (waits_for_next_try(end.step)) log_.note(end.step.id, end.suspension->why);
  log_.add("step.waiting", end.step.id, step_event(end.step));
  RunLog::Write write = [this, &end](std::vector<Event> events) {
    StepChange change{end.step, std::move(events), end.calls};
    return ports_.queue.suspend(run_.claim, std::move(change), *end.suspension);
  };
  auto suspending = log_.commit(std::move(write));
  co_await std::move(suspending);
  spdlog::info("run {}: laid down: {}", run_.claim.run, end.suspension->why);
}

/// It was claimed before its answers had come.
Task<> RunSession::lay_down_again(Step step, Continuation continuation) {
  Suspension suspension;
  suspension.state = std::move(continuation.state);
  suspension.asks = std::move(continuation.open);
  suspension.why = "not everything is answered yet";
  StepEnd end{std::move(step), std::move(suspension), {}};
  co_await lay_down(std::move(end));
}

Task<> RunSession::end_as(RunStatus status, std::string error, std::string hint) {
  // Nothing of the run is alive when it is shown as ended.
  co_await close_tools();
  RunEnd end{status, error, hint};
  RunLog::Write write = [this, &end](std::vector<Event> events) {
    return ports_.queue.finish(run_.claim, end, std::move(events));
  };
  auto finishing = log_.commit(std::move(write));
  co_await std::move(finishing);
  spdlog::info(
      "run {}: {}{}{}", run_.claim.run, to_string(status), error.empty() ? "" : ": ", error
  );
}

Task<> RunSession::give_back(std::string reason) {
  co_await close_tools();
  RunLog::Write write = [this, &reason](std::vector<Event> events) {
    return ports_.queue.release(run_.claim, reason, std::move(events));
  };
  auto releasing = log_.commit(std::move(write));
  co_await std::move(releasing);
  spdlog::info("run {}: back to the queue: {}", run_.claim.run, reason);
}

/// The tools end by themselves where this process is too frozen to end them.
void RunSession::trust_tools() {
  ports_.lanes.trust_until(trusted_until_);
  if (tools_) tools_->trust_until(trusted_until_);
}

Task<> RunSession::close_tools() {
  if (!tools_) co_return;
  auto tools = std::move(tools_);
  co_await tools->close();
}

Json RunSession::scope() const {
  Json steps = Json::object();
  for (const Step& step : run_.steps) {
    if (!is_finished(step.status)) continue;
    steps[step.id] = {{"status", to_string(step.status)}, {"output", step.output}};
  }
  return {
      {"inputs", run_.run.inputs},
      {"steps", std::move(steps)},
      {"lane",
       {{"name", run_.lane},
        {"branch", lane_->branch()},
        {"base", lane_->base()},
        {"directory", lane_->directory().string()}}},
      {"run", {{"id", run_.claim.run.value}, {"attempt", run_.claim.attempt}}},
      {"session",
       {{"id", run_.session.id.value}, {"slug", run_.session.slug}, {"title", run_.session.title}}},
  };
}

}  // namespace opsroom::engine

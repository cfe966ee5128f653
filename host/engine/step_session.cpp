#include "engine/step_session.hpp"

#include "engine/diff_watch.hpp"
#include "runbook/expressions.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::engine {
namespace {

/// Passes what a tool says on to the run's log; progress at most ten times a second.
class StepListener : public CallListener {
 public:
  StepListener(RunLog& log, std::string step) : log_(log), step_(std::move(step)) {}

  Task<> log(std::string stream, std::string text) override {
    co_await log_.lines(step_, std::move(stream), std::move(text));
  }

  void progress(double done, std::optional<double> total, std::string message) override {
    const auto now = Clock::now();
    const bool last = total && done >= *total;
    if (!last && now - told_ < Milliseconds(100)) return;
    told_ = now;
    log_.add(
        "progress",
        step_,
        Json{{"done", done}, {"total", total ? Json(*total) : Json()}, {"message", message}}
    );
  }

 private:
  RunLog& log_;
  std::string step_;
  Clock::time_point told_;
};

Json step_event(const Step& step) {
  return {
      {"position", step.position},
      {"id", step.id},
      {"tool", step.tool},
      {"status", to_string(step.status)},
      {"error", step.error ? Json(*step.error) : Json()},
      {"hint", step.hint ? Json(*step.hint) : Json()},
  };
}

Task<> record(StepContext context, Step step, std::string kind) {
  context.log.add(std::move(kind), step.id, step_event(step));
  RunLog::Write write = [&context, &step](std::vector<Event> events) {
    StepChange change{step, std::move(events)};
    return context.queue.write_step(context.claim, std::move(change));
  };
  auto writing = context.log.commit(std::move(write));
  co_await std::move(writing);
}

/// What an interrupted attempt has left in the row says nothing about this one.
void forget_earlier_try(Step& step) {
  step.output = nullptr;
  step.delivery.reset();
  step.error.reset();
  step.hint.reset();
  step.started_at.reset();
  step.finished_at.reset();
}

void fail(Step& step, const Failure& failure) {
  step.status = StepStatus::failed;
  step.delivery = to_string(Delivery::not_sent);
  step.error = failure.message();
  if (!failure.hint().empty()) step.hint = failure.hint();
}

StepStatus status_of(const ToolResult& result, StopReason why) {
  if (result.succeeded) return StepStatus::succeeded;
  const bool not_begun =
      result.delivery == Delivery::not_sent || result.delivery == Delivery::rejected;
  if (not_begun && why == StopReason::draining) return StepStatus::pending;
  if (result.delivery == Delivery::unknown && why == StopReason::draining) {
    return StepStatus::interrupted;
  }
  if (why == StopReason::canceled) return StepStatus::canceled;
  return StepStatus::failed;
}

void apply(Step& step, ToolResult& result, StopReason why, Milliseconds timeout) {
  step.status = status_of(result, why);
  step.delivery = to_string(result.delivery);
  step.output = std::move(result.output);
  const bool explains_itself = step.status == StepStatus::succeeded ||
                               step.status == StepStatus::canceled ||
                               step.status == StepStatus::pending;
  if (explains_itself) return;
  step.error = result.error;
  if (!result.hint.empty()) step.hint = result.hint;
  if (why == StopReason::timed_out || result.timed_out) {
    const std::chrono::duration<double> seconds = timeout;
    step.error = fmt::format("timed out after {} s", seconds.count());
    step.hint = "Give the step a longer `timeout`, or find out why the tool hangs.";
  }
}

/// Calls the tool under the step's own deadline; the run's stop reaches it too.
Task<ToolResult> call_tool(
    asio::any_io_executor executor, StepContext context, ToolCall call, Stop& stop
) {
  StepListener listener(context.log, call.step);
  const auto forwarded =
      context.run_stop.subscribe([&stop](StopReason reason) { stop.request(reason); });
  asio::steady_timer deadline(executor, call.timeout);
  deadline.async_wait([&stop](boost::system::error_code error) {
    if (!error) stop.request(StopReason::timed_out);
  });
  ToolResult result = co_await context.tools.call(std::move(call), listener, stop);
  deadline.cancel();
  co_return result;
}

/// The call with the diff kept fresh beside it.
Task<ToolResult> call_and_watch(
    asio::any_io_executor executor, StepContext context, ToolCall call, Stop& stop
) {
  DiffWatch diffs(executor, call.step, context.lane, context.log, context.diff_interval);
  std::exception_ptr watch_error;
  TaskGroup beside(executor);
  beside.start(diffs.run(), [&](std::exception_ptr error) { watch_error = error; });
  std::exception_ptr call_error;
  ToolResult result;
  try {
    result = co_await call_tool(executor, context, std::move(call), stop);
  } catch (...) {
    call_error = std::current_exception();
  }
  diffs.end();
  co_await beside.wait_until_at_most(0);
  if (call_error) std::rethrow_exception(call_error);
  if (watch_error) std::rethrow_exception(watch_error);
  if (stop.reason() != StopReason::lease_lost) co_await diffs.look();
  co_return result;
}

}  // namespace

Task<Step> perform_step(
    asio::any_io_executor executor,
    StepContext context,
    runbook::PlanStep plan,
    Step step,
    Json scope
) {
  step.attempt = context.claim.attempt;
  forget_earlier_try(step);
  std::optional<Failure> unresolved;
  try {
    step.arguments = runbook::resolve(plan.with, scope);
  } catch (const Failure& failure) {
    unresolved = failure;
  }
  if (unresolved) {
    fail(step, *unresolved);
    co_await record(context, step, "step.finished");
    co_return step;
  }

  // Durable before the first byte leaves: a crash from here on is an interrupted step.
  step.status = StepStatus::running;
  co_await record(context, step, "step.started");

  ToolCall call;
  call.tool = step.tool;
  call.arguments = step.arguments;
  call.run = context.claim.run;
  call.step = step.id;
  call.attempt = context.claim.attempt;
  call.idempotency_key = fmt::format("run-{}-step-{}", context.claim.run, step.position);
  call.timeout = plan.timeout;
  // The reason is read after the call, so the Stop lives here.
  Stop stop(executor);
  std::optional<Failure> broken;
  ToolResult result;
  try {
    result = co_await call_and_watch(executor, context, std::move(call), stop);
  } catch (const LeaseLost&) {
    throw;
  } catch (const Failure& failure) {
    broken = failure;
  }
  if (stop.reason() == StopReason::lease_lost) throw LeaseLost(context.claim.run);
  if (broken) {
    step.status = StepStatus::failed;
    step.error = broken->message();
    step.hint = broken->hint();
  } else {
    for (ArtifactDraft& artifact : result.artifacts) {
      artifact.step = step.id;
      co_await context.log.store(std::move(artifact));
    }
    apply(step, result, stop.reason(), plan.timeout);
  }
  co_await record(context, step, "step.finished");
  co_return step;
}

}  // namespace opsroom::engine

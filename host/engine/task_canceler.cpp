#include "engine/task_canceler.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace opsroom::engine {
namespace {

/// Whatever a server says while it is told belongs to no run that is still open.
class Nobody : public CallListener {
 public:
  Task<> log(std::string, std::string) override { co_return; }
  void progress(double, std::optional<double>, std::string) override {}
};

/// `into` stays empty when it takes longer.
Task<> open_within(
    LanePool& lanes, LaneRequest request, Milliseconds limit, std::unique_ptr<LaneCheckout>& into
) {
  auto opening = lanes.open(std::move(request));
  auto opened = co_await within(limit, std::move(opening));
  if (opened) into = std::move(*opened);
}

ToolCall call_for(const TaskCancel& cancel, Milliseconds patience) {
  const Step& step = cancel.step;
  ToolCall call;
  call.tool = step.tool;
  call.arguments = step.arguments;
  call.run = cancel.run.id;
  call.step = step.id;
  call.attempt = cancel.run.attempt;
  call.idempotency_key = fmt::format("run-{}-step-{}", cancel.run.id, step.position);
  call.timeout = patience;
  call.resume = step.resume.is_object() ? step.resume.value("state", Json()) : Json();
  call.give_up = true;
  call.traceparent = cancel.run.traceparent;
  call.tracestate = cancel.run.tracestate;
  return call;
}

}  // namespace

TaskCanceler::TaskCanceler(
    asio::any_io_executor executor, std::string worker, Ports ports, TaskCancelerOptions options
)
    : executor_(executor),
      worker_(std::move(worker)),
      ports_(ports),
      options_(options),
      outage_("tasks to cancel: the database"),
      stop_(executor),
      telling_(executor) {}

Task<> TaskCanceler::run() {
  while (!stop_.requested() && !useless_) {
    std::optional<Failure> away;
    try {
      co_await look();
      outage_.over();
    } catch (const Failure& failure) {
      away = failure;
    }
    if (away && !away->retryable()) {
      spdlog::error("tasks of ended runs are not cancelled by this worker: {}", away->what());
      useless_ = true;
    } else {
      auto pausing = away ? outage_.wait_after(*away) : pause_for(options_.interval);
      co_await before(stop_.wait(), std::move(pausing));
    }
  }
  co_await telling_.wait_until_at_most(0);
}

void TaskCanceler::end() {
  stop_.request(StopReason::draining);
}

Task<> TaskCanceler::look() {
  if (telling_.running() >= options_.at_once) co_return;
  const auto free = static_cast<int>(options_.at_once - telling_.running());
  std::vector<TaskCancel> cancels = co_await ports_.queue.claim_task_cancels(worker_, free);
  for (TaskCancel& cancel : cancels) {
    const RunId run = cancel.run.id;
    telling_.start(settle(std::move(cancel)), [run](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& failure) {
        // Its claim runs out, and somebody tries again.
        spdlog::warn("run {}: its task may not be cancelled yet: {}", run, failure.what());
      }
    });
  }
}

Task<> TaskCanceler::settle(TaskCancel cancel) {
  std::optional<TaskCancelEnd> end;
  std::string why;
  try {
    auto telling = tell(cancel);
    end = co_await std::move(telling);
  } catch (const Failure& failure) {
    why = failure.message();
  }
  if (!end) end = missed(cancel, std::move(why));
  const std::string said = end->said;
  const RunId run = cancel.run.id;
  auto writing = ports_.queue.end_task_cancel(std::move(cancel), std::move(*end));
  co_await std::move(writing);
  spdlog::info("run {}: {}", run, said);
}

Task<std::unique_ptr<LaneCheckout>> TaskCanceler::open_lane(const TaskCancel& cancel) {
  LaneRequest request{
      cancel.session.slug, cancel.run.lane, cancel.session.repository, cancel.session.base
  };
  std::unique_ptr<LaneCheckout> lane;
  ports_.lanes.trust_until(Clock::now() + options_.opening);
  auto opening = open_within(ports_.lanes, std::move(request), options_.opening, lane);
  co_await before(stop_.wait(), std::move(opening));
  if (!lane) throw Failure(Code::timeout, "its lane could not be opened in time");
  co_return lane;
}

Task<TaskCancelEnd> TaskCanceler::tell(const TaskCancel& cancel) {
  auto opening = open_lane(cancel);
  const std::unique_ptr<LaneCheckout> lane = co_await std::move(opening);
  const std::unique_ptr<RunTools> tools = ports_.toolbox.open(lane->directory());
  // A worker that is frozen meanwhile leaves no server behind.
  tools->trust_until(Clock::now() + 2 * options_.patience);
  Nobody nobody;
  auto calling = tools->call(call_for(cancel, options_.patience), nobody, stop_);
  ToolResult result = co_await std::move(calling);
  co_await tools->close();
  co_return judge(cancel, std::move(result));
}

TaskCancelEnd TaskCanceler::judge(const TaskCancel& cancel, ToolResult result) const {
  using Outcome = TaskCancelEnd::Outcome;
  if (result.succeeded) {
    const std::string said = fmt::format("The task of {} was cancelled.", cancel.step.tool);
    return {Outcome::canceled, said, {}, std::move(result.records)};
  }
  if (result.delivery == Delivery::answered) {
    const std::string said =
        fmt::format("The task of {} was not there to cancel: {}", cancel.step.tool, result.error);
    return {Outcome::gone, said, {}, std::move(result.records)};
  }
  TaskCancelEnd end = missed(cancel, result.error);
  end.calls = std::move(result.records);
  return end;
}

TaskCancelEnd TaskCanceler::missed(const TaskCancel& cancel, std::string why) const {
  using Outcome = TaskCancelEnd::Outcome;
  if (stop_.requested()) return {Outcome::again, "the worker is shutting down", {}, {}};
  if (cancel.tries < options_.most_tries) {
    const auto pause = options_.first_pause * (1 << (2 * (cancel.tries - 1)));
    return {
        Outcome::again,
        fmt::format("the task of {} could not be cancelled yet: {}", cancel.step.tool, why),
        pause,
        {}
    };
  }
  return {
      Outcome::failed,
      fmt::format(
          "The task of {} could not be cancelled, and may still be at work: {}",
          cancel.step.tool,
          why
      ),
      {},
      {}
  };
}

}  // namespace opsroom::engine

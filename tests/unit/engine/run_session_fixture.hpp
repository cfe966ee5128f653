#pragma once

#include "engine/run_session.hpp"
#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

#include <functional>
#include <string>
#include <vector>

namespace opsroom::engine {

using opsroom::testing::FakeDesk;
using opsroom::testing::FakeLanes;
using opsroom::testing::FakeQueue;
using opsroom::testing::FakeToolbox;
using opsroom::testing::run_to_end;

using Told = std::vector<std::string>;

inline ToolResult answer(Json output) {
  ToolResult result;
  result.delivery = Delivery::answered;
  result.succeeded = true;
  result.output = std::move(output);
  return result;
}

inline ToolResult refusal(std::string error) {
  ToolResult result;
  result.delivery = Delivery::answered;
  result.error = std::move(error);
  return result;
}

inline Task<ToolResult> succeed(ToolCall, CallListener*, Stop*) {
  co_return answer({{"value", 41}});
}

inline Task<ToolResult> fail(ToolCall, CallListener*, Stop*) {
  co_return refusal("no luck");
}

/// Works until it is stopped, as a tool that honours cancellation does.
inline Task<ToolResult> until_stopped(ToolCall, CallListener*, Stop* stop) {
  co_await stop->wait();
  ToolResult result;
  result.delivery = Delivery::unknown;
  result.canceled = true;
  result.error = "stopped";
  co_return result;
}

inline Task<ToolResult> talk(ToolCall, CallListener* listener, Stop*) {
  for (int i = 1; i <= 2000; ++i)
    co_await listener->log("stdout", "line " + std::to_string(i));
  listener->progress(1, 2.0, "half");
  co_return answer({{"value", 1}});
}

/// One run with tools t.ok, t.fail, t.wait and t.talk, told from its claim to its end.
struct RunSessionTest : ::testing::Test {
  asio::io_context io;
  FakeQueue books;
  FakeLanes lanes;
  FakeToolbox toolbox;
  FakeDesk desk;
  LeaseKeeper leases{io.get_executor(), "w", books, {}};
  Stop abandon{io.get_executor()};
  ClaimedRun claimed;

  RunSessionTest() {
    toolbox.tools["t.ok"] = succeed;
    toolbox.tools["t.fail"] = fail;
    toolbox.tools["t.wait"] = until_stopped;
    toolbox.tools["t.talk"] = talk;
    claimed.claim = {RunId{1}, 1, "token"};
    claimed.session.slug = "test";
    claimed.lane = "A";
  }

  void plan(std::initializer_list<std::pair<std::string, Json>> steps) {
    runbook::Plan plan;
    plan.name = "test";
    plan.inputs = Json{{"type", "object"}};
    int number = 0;
    for (const auto& [tool, extra] : steps) {
      runbook::PlanStep step;
      step.id = "s" + std::to_string(++number);
      step.tool = tool;
      step.with = extra.value("with", Json::object());
      step.timeout = Milliseconds(extra.value("timeout", 10'000));
      const std::string choice = extra.value("on_interrupt", "ask");
      step.on_interrupt = choice == "retry"  ? runbook::OnInterrupt::retry
                          : choice == "fail" ? runbook::OnInterrupt::fail
                                             : runbook::OnInterrupt::ask;
      const Json retry = extra.value("retry", Json::object());
      step.retry.attempts = retry.value("attempts", 1);
      step.retry.backoff = Milliseconds(retry.value("backoff", 1'000));
      plan.steps.push_back(std::move(step));
    }
    claimed.plan = runbook::to_json(plan);
  }

  void earlier(int position, StepStatus status, Json output = {}) {
    Step step;
    step.position = position;
    step.id = "s" + std::to_string(position);
    step.tool = "t.ok";
    step.status = status;
    step.output = std::move(output);
    claimed.steps.push_back(std::move(step));
  }

  /// The next claim, as the database hands the run out: its rows as they were written last.
  void claim_again() {
    ++claimed.claim.attempt;
    for (const Event& event : books.events)
      claimed.last_seq = std::max(claimed.last_seq, event.last_seq());
    claimed.steps = {books.last_step};
    books.told.clear();
  }

  /// Tells the run; `meanwhile` gets the session once its first step is under way.
  void tell(std::function<void(RunSession&)> meanwhile = {}) {
    Ports ports{books, books, lanes, toolbox, desk};
    RunSession session(io.get_executor(), claimed, ports, leases, abandon);
    run_to_end(
        io,
        [](RunSession& session,
           FakeToolbox& toolbox,
           FakeLanes& lanes,
           std::function<void(RunSession&)>& meanwhile) -> Task<> {
          const auto executor = co_await asio::this_coro::executor;
          TaskGroup beside(executor);
          beside.start(session.run(), [](std::exception_ptr) { ADD_FAILURE(); });
          if (meanwhile) {
            while (toolbox.calls.empty() && !lanes.never_answers)
              co_await pause_for(Milliseconds(1));
            while (lanes.never_answers && lanes.opened.empty())
              co_await pause_for(Milliseconds(1));
            meanwhile(session);
          }
          co_await beside.wait_until_at_most(0);
        }(session, toolbox, lanes, meanwhile)
    );
    EXPECT_EQ(toolbox.open_tools, 0) << "the run's tools were left open";
    EXPECT_EQ(leases.held(), 0u);
  }
};

}  // namespace opsroom::engine

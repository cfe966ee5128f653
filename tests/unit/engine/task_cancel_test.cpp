#include "engine/task_canceler.hpp"
#include "input_fixture.hpp"

#include <gmock/gmock.h>

namespace opsroom::engine {
namespace {

using ::testing::HasSubstr;
using Outcome = TaskCancelEnd::Outcome;

/// A tool whose call becomes a task that works elsewhere.
inline Task<ToolResult> becomes_a_task(ToolCall call, CallListener*, Stop*) {
  if (call.give_up) {
    ToolResult told;
    told.delivery = Delivery::answered;
    told.succeeded = true;
    co_return told;
  }
  ToolResult result = laid_down({{"task", "t-1"}}, {});
  result.suspended->look_again = 5ms;
  result.suspended->elsewhere = true;
  co_return result;
}

struct TaskCancelTest : InputTest {
  TaskCancelerOptions options{5ms, 10'000ms, 10'000ms, 10'000ms, 3, 4};

  TaskCancelTest() { toolbox.tools["t.task"] = becomes_a_task; }

  void owe(int tries = 1) {
    TaskCancel cancel;
    cancel.run.id = RunId{7};
    cancel.run.lane = "B";
    cancel.run.traceparent = "00-1-2-01";
    cancel.session.slug = "test";
    cancel.step.position = 2;
    cancel.step.tool = "t.task";
    cancel.step.arguments = Json{{"x", 1}};
    cancel.step.resume = Json{{"state", {{"task", "t-1"}}}, {"elsewhere", true}};
    cancel.tries = tries;
    books.task_cancels.push_back(std::move(cancel));
  }

  /// Looks until something came of `enough` tasks.
  void work(std::size_t enough) {
    TaskCanceler canceler(
        io.get_executor(), "w", Ports{books, books, lanes, toolbox, desk}, options
    );
    run_to_end(io, [](TaskCancelTest& test, TaskCanceler& canceler, std::size_t enough) -> Task<> {
      TaskGroup beside(co_await asio::this_coro::executor);
      beside.start(canceler.run(), [](std::exception_ptr) { ADD_FAILURE(); });
      while (test.books.task_cancel_ends.size() < enough)
        co_await pause_for(1ms);
      canceler.end();
      co_await beside.wait_until_at_most(0);
    }(*this, canceler, enough));
    EXPECT_EQ(toolbox.open_tools, 0) << "a server was left open";
  }
  ToolResult refused(Delivery delivery, std::string error) {
    ToolResult result;
    result.delivery = delivery;
    result.error = std::move(error);
    toolbox.tools["t.task"] = [result](ToolCall, CallListener*, Stop*) -> Task<ToolResult> {
      co_return result;
    };
    return result;
  }
};

TEST_F(TaskCancelTest, TheServerIsToldWithWhatItsRowKept) {
  owe();
  work(1);
  EXPECT_EQ(books.task_cancel_ends.at(0).outcome, Outcome::canceled);
  ASSERT_EQ(toolbox.calls.size(), 1u);
  EXPECT_TRUE(toolbox.calls[0].give_up);
  EXPECT_EQ(toolbox.calls[0].resume, (Json{{"task", "t-1"}}));
  EXPECT_EQ(toolbox.calls[0].arguments, (Json{{"x", 1}}));
  EXPECT_EQ(toolbox.calls[0].traceparent, "00-1-2-01");
  EXPECT_EQ(lanes.opened.at(0).lane, "B");
  EXPECT_FALSE(toolbox.trusted.empty()) << "a frozen worker would leave the server behind";
}

TEST_F(TaskCancelTest, ATaskThatIsNotThereAnyMoreNeedsNoSecondTry) {
  refused(Delivery::answered, "Task not found");
  owe();
  work(1);
  EXPECT_EQ(books.task_cancel_ends.at(0).outcome, Outcome::gone);
  EXPECT_THAT(books.task_cancel_ends.at(0).said, HasSubstr("Task not found"));
}

TEST_F(TaskCancelTest, AServerThatDoesNotAnswerIsTriedAgainAndGivenUpAtLast) {
  refused(Delivery::unknown, "silence");
  owe(2);
  owe(3);
  work(2);
  EXPECT_EQ(books.task_cancel_ends.at(0).outcome, Outcome::again);
  EXPECT_EQ(books.task_cancel_ends.at(0).pause, 40s);
  EXPECT_EQ(books.task_cancel_ends.at(1).outcome, Outcome::failed);
  EXPECT_THAT(books.task_cancel_ends.at(1).said, HasSubstr("may still be at work: silence"));
}

TEST_F(TaskCancelTest, ALaneThatCannotBeOpenedIsAFailureToo) {
  lanes.broken = Failure(Code::unavailable, "no repository");
  owe();
  work(1);
  EXPECT_EQ(books.task_cancel_ends.at(0).outcome, Outcome::again);
  EXPECT_THAT(books.task_cancel_ends.at(0).said, HasSubstr("no repository"));
}

TEST_F(TaskCancelTest, AWorkerThatGoesDownLeavesItToOthersAtOnce) {
  lanes.never_answers = true;
  owe(3);
  TaskCanceler canceler(io.get_executor(), "w", Ports{books, books, lanes, toolbox, desk}, options);
  run_to_end(io, [](TaskCancelTest& test, TaskCanceler& canceler) -> Task<> {
    TaskGroup beside(co_await asio::this_coro::executor);
    beside.start(canceler.run(), [](std::exception_ptr) { ADD_FAILURE(); });
    while (test.lanes.opened.empty())
      co_await pause_for(1ms);
    canceler.end();
    co_await beside.wait_until_at_most(0);
  }(*this, canceler));
  ASSERT_EQ(books.task_cancel_ends.size(), 1u);
  EXPECT_EQ(books.task_cancel_ends[0].outcome, Outcome::again);
  EXPECT_EQ(books.task_cancel_ends[0].pause, 0ms);
}

TEST_F(TaskCancelTest, TheRowSaysThatSomethingWorksElsewhere) {
  plan("t.task");
  tell();
  EXPECT_EQ(books.last_step.resume.at("elsewhere"), true);
}

TEST_F(TaskCancelTest, ATaskThatBeganAsItsRunWasCancelledIsKeptInItsRow) {
  toolbox.tools["t.task"] = [this](ToolCall call, CallListener* listener, Stop* stop) {
    leases.cancel(RunId{1});
    return becomes_a_task(std::move(call), listener, stop);
  };
  plan("t.task");
  tell();
  EXPECT_EQ(books.last_step.status, StepStatus::waiting);
  EXPECT_EQ(books.last_step.resume.at("elsewhere"), true);
}

TEST_F(TaskCancelTest, ATaskWhoseServerCouldNotBeToldIsKeptInItsRow) {
  plan("t.task");
  tell();
  claim_again();
  toolbox.tools["t.task"] = [this](ToolCall, CallListener*, Stop*) -> Task<ToolResult> {
    leases.cancel(RunId{1});
    ToolResult result;
    result.canceled = true;
    result.error = "its server was still starting";
    co_return result;
  };
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 waiting", "finish canceled"}));
  EXPECT_EQ(books.last_step.resume.at("elsewhere"), true);
}

}  // namespace
}  // namespace opsroom::engine

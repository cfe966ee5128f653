#include "engine/worker.hpp"

#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

namespace opsroom::engine {
namespace {

using opsroom::testing::FakeDesk;
using opsroom::testing::FakeLanes;
using opsroom::testing::FakeQueue;
using opsroom::testing::FakeToolbox;
using opsroom::testing::FakeWakeups;
using opsroom::testing::run_to_end;

struct WorkerTest : ::testing::Test {
  asio::io_context io;
  FakeQueue books;
  FakeLanes lanes;
  FakeToolbox toolbox;
  FakeDesk desk;
  FakeWakeups wakeups;
  int at_once = 0;
  int most_at_once = 0;
  WorkerOptions options;

  WorkerTest() {
    options.id = "w";
    options.poll_interval = std::chrono::hours(1);
    toolbox.tools["t.work"] = [this](ToolCall, CallListener*, Stop*) { return count(this); };
  }

  static Task<ToolResult> count(WorkerTest* test) {
    test->most_at_once = std::max(test->most_at_once, ++test->at_once);
    co_await pause_for(Milliseconds(5));
    --test->at_once;
    ToolResult result;
    result.delivery = Delivery::answered;
    result.succeeded = true;
    co_return result;
  }

  void enqueue(std::int64_t id) {
    runbook::Plan plan;
    plan.name = "test";
    plan.inputs = Json{{"type", "object"}};
    runbook::PlanStep step;
    step.id = "s1";
    step.tool = "t.work";
    plan.steps.push_back(step);
    ClaimedRun run;
    run.claim = {RunId{id}, 1, "token"};
    run.lane = "A";
    run.plan = runbook::to_json(plan);
    books.waiting.push_back(std::move(run));
  }

  int finished() const {
    return static_cast<int>(std::count(books.told.begin(), books.told.end(), "finish succeeded"));
  }

  /// Works until `enough` runs are finished, then drains.
  void work(int enough, std::function<void()> at_start = {}) {
    Worker worker(io.get_executor(), options, Ports{books, books, lanes, toolbox, desk}, wakeups);
    run_to_end(
        io,
        [](WorkerTest& test, Worker& worker, int enough, std::function<void()>& at_start
        ) -> Task<> {
          const auto executor = co_await asio::this_coro::executor;
          TaskGroup beside(executor);
          beside.start(worker.run(), [](std::exception_ptr) { ADD_FAILURE(); });
          if (at_start) {
            co_await pause_for(Milliseconds(20));
            at_start();
          }
          while (test.finished() < enough)
            co_await pause_for(Milliseconds(1));
          worker.drain();
          co_await beside.wait_until_at_most(0);
        }(*this, worker, enough, at_start)
    );
  }
};

TEST_F(WorkerTest, NeverHasMoreRunsThanSlots) {
  options.concurrency = 3;
  options.batch = 10;
  for (int i = 1; i <= 12; ++i)
    enqueue(i);
  work(12);
  EXPECT_EQ(most_at_once, 3);
}

TEST_F(WorkerTest, FillsItsSlotsEvenWithABatchOfOne) {
  options.concurrency = 4;
  options.batch = 1;
  for (int i = 1; i <= 8; ++i)
    enqueue(i);
  work(8);
  EXPECT_EQ(most_at_once, 4);
}

TEST_F(WorkerTest, ANotificationWakesItLongBeforeThePoll) {
  work(1, [this] {
    enqueue(1);
    wakeups.queue();
  });
  EXPECT_EQ(finished(), 1);
}

TEST_F(WorkerTest, KeepsTryingWhileTheDatabaseIsAwayAtStart) {
  books.away = true;
  enqueue(1);
  work(1, [this] {
    EXPECT_TRUE(books.registered.empty());
    books.away = false;
  });
  EXPECT_EQ(books.registered, std::vector<std::string>{"w"});
}

TEST_F(WorkerTest, SaysGoodByeWhenDrained) {
  enqueue(1);
  work(1);
  EXPECT_EQ(books.told.back(), "good-bye");
}

}  // namespace
}  // namespace opsroom::engine

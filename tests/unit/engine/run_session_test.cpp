#include "unit/engine/run_session_fixture.hpp"

namespace opsroom::engine {
namespace {

TEST_F(RunSessionTest, StepsRunInOrderAndLaterOnesReadEarlierOutputs) {
  plan({{"t.ok", Json::object()}, {"t.ok", {{"with", {{"n", "${{ steps.s1.output.value + 1 }}"}}}}}}
  );
  tell();
  EXPECT_EQ(
      books.told,
      (Told{
          "step 1 running",
          "step 1 succeeded",
          "step 2 running",
          "step 2 succeeded",
          "finish succeeded"
      })
  );
  EXPECT_EQ(toolbox.calls.at(1).arguments.at("n"), 42);
  EXPECT_TRUE(books.gapless());
}

TEST_F(RunSessionTest, AFinishedStepNeverRunsAgain) {
  plan({{"t.ok", Json::object()}, {"t.ok", {{"with", {{"n", "${{ steps.s1.output.value }}"}}}}}});
  earlier(1, StepStatus::succeeded, {{"value", 5}});
  tell();
  ASSERT_EQ(toolbox.calls.size(), 1u);
  EXPECT_EQ(toolbox.calls.at(0).step, "s2");
  EXPECT_EQ(toolbox.calls.at(0).arguments.at("n"), 5);
}

TEST_F(RunSessionTest, AnInterruptedStepWaitsForAPerson) {
  plan({{"t.ok", Json::object()}});
  earlier(1, StepStatus::interrupted);
  tell();
  EXPECT_EQ(books.told, Told{"park s1"});
  EXPECT_TRUE(toolbox.calls.empty());
}

TEST_F(RunSessionTest, AnInterruptedStepRunsAgainWhereTheRunbookSaysSo) {
  plan({{"t.ok", {{"on_interrupt", "retry"}}}});
  earlier(1, StepStatus::interrupted);
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 succeeded", "finish succeeded"}));
}

TEST_F(RunSessionTest, AnInterruptedStepRunsAgainWhereItsToolIsSafeToRepeat) {
  toolbox.safe.insert("t.ok");
  plan({{"t.ok", Json::object()}});
  earlier(1, StepStatus::interrupted);
  tell();
  EXPECT_EQ(toolbox.calls.size(), 1u);
}

TEST_F(RunSessionTest, AnInterruptedStepFailsTheRunWhereTheRunbookSaysSo) {
  plan({{"t.ok", {{"on_interrupt", "fail"}}}});
  earlier(1, StepStatus::interrupted);
  tell();
  EXPECT_EQ(books.told, Told{"finish failed"});
  EXPECT_NE(books.last_end.error.find("may or may not have happened"), std::string::npos);
}

TEST_F(RunSessionTest, AnUnknownToolFailsTheRunBeforeTheFirstStep) {
  plan({{"t.ok", Json::object()}, {"t.nope", Json::object()}});
  tell();
  EXPECT_EQ(books.told, Told{"finish failed"});
  EXPECT_EQ(books.last_end.error, "unknown tool 't.nope'");
  EXPECT_TRUE(toolbox.calls.empty());
}

TEST_F(RunSessionTest, AFailedStepEndsTheRunWithItsReason) {
  plan({{"t.fail", Json::object()}, {"t.ok", Json::object()}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 failed", "finish failed"}));
  EXPECT_EQ(books.last_end.error, "step 's1': no luck");
}

TEST_F(RunSessionTest, AnExpressionThatFailsNamesItsField) {
  plan({{"t.ok", {{"with", {{"n", "${{ steps.nope.output }}"}}}}}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 failed", "finish failed"}));
  EXPECT_NE(books.last_end.error.find("/n"), std::string::npos) << books.last_end.error;
  EXPECT_TRUE(toolbox.calls.empty());
}

TEST_F(RunSessionTest, ALaneThatCannotBeMadeFailsTheRun) {
  lanes.broken = Failure(Code::not_found, "repository /nope cannot be cloned", "Check the path.");
  plan({{"t.ok", Json::object()}});
  tell();
  EXPECT_EQ(books.last_end.error, "repository /nope cannot be cloned");
  EXPECT_EQ(books.last_end.hint, "Check the path.");
}

TEST_F(RunSessionTest, CancellationReachesTheToolAndEndsTheRun) {
  plan({{"t.wait", Json::object()}, {"t.ok", Json::object()}});
  tell([this](RunSession&) { leases.cancel(RunId{1}); });
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 canceled", "finish canceled"}));
}

TEST_F(RunSessionTest, ACancelledRunThatWasNotStartedTouchesNothing) {
  plan({{"t.ok", Json::object()}});
  claimed.cancel_requested = true;
  tell();
  EXPECT_EQ(books.told, Told{"finish canceled"});
  EXPECT_TRUE(lanes.opened.empty());
}

TEST_F(RunSessionTest, CancellationDoesNotWaitForARepositoryThatNeverAnswers) {
  lanes.never_answers = true;
  plan({{"t.ok", Json::object()}});
  tell([this](RunSession&) { leases.cancel(RunId{1}); });
  EXPECT_EQ(books.told, Told{"finish canceled"});
}

TEST_F(RunSessionTest, ADrainDoesNotWaitForItEither) {
  lanes.never_answers = true;
  plan({{"t.ok", Json::object()}});
  tell([](RunSession& session) {
    session.drain();
    session.cut_short();
  });
  EXPECT_EQ(books.told, Told{"release: the worker is shutting down"});
}

TEST_F(RunSessionTest, AFailedStepOfAnEarlierOwnerEndsTheRunWithItsReason) {
  plan({{"t.ok", Json::object()}});
  earlier(1, StepStatus::failed);
  claimed.steps.at(0).error = "no luck";
  tell();
  EXPECT_EQ(books.told, Told{"finish failed"});
  EXPECT_EQ(books.last_end.error, "step 's1': no luck");
  EXPECT_TRUE(toolbox.calls.empty());
}

TEST_F(RunSessionTest, ARepeatedStepForgetsWhyItWasInterrupted) {
  plan({{"t.ok", {{"on_interrupt", "retry"}}}});
  earlier(1, StepStatus::interrupted);
  claimed.steps.at(0).error = "the worker was killed";
  tell();
  EXPECT_EQ(books.last_step.status, StepStatus::succeeded);
  EXPECT_FALSE(books.last_step.error.has_value());
}

TEST_F(RunSessionTest, ACallThatADrainKeptFromLeavingIsPendingAgain) {
  plan({{"t.wait", Json::object()}});
  toolbox.tools["t.wait"] = [](ToolCall, CallListener*, Stop* stop) -> Task<ToolResult> {
    co_await stop->wait();
    ToolResult result;
    result.delivery = Delivery::not_sent;
    result.error = "was still starting";
    co_return result;
  };
  tell([](RunSession& session) {
    session.drain();
    session.cut_short();
  });
  EXPECT_EQ(
      books.told, (Told{"step 1 running", "step 1 pending", "release: the worker is shutting down"})
  );
}

TEST_F(RunSessionTest, AStepThatTakesTooLongIsStoppedAndSaysSo) {
  plan({{"t.wait", {{"timeout", 20}}}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 failed", "finish failed"}));
  EXPECT_EQ(books.last_end.error, "step 's1': timed out after 0.02 s");
}

TEST_F(RunSessionTest, ADrainLetsTheStepFinishAndGivesTheRestBack) {
  plan({{"t.wait", Json::object()}, {"t.ok", Json::object()}});
  toolbox.tools["t.wait"] = [](ToolCall, CallListener*, Stop*) -> Task<ToolResult> {
    co_await pause_for(Milliseconds(20));
    co_return answer({});
  };
  tell([](RunSession& session) { session.drain(); });
  EXPECT_EQ(
      books.told,
      (Told{"step 1 running", "step 1 succeeded", "release: the worker is shutting down"})
  );
}

TEST_F(RunSessionTest, AStepCutShortByADrainIsInterrupted) {
  plan({{"t.wait", Json::object()}});
  tell([](RunSession& session) {
    session.drain();
    session.cut_short();
  });
  EXPECT_EQ(
      books.told,
      (Told{"step 1 running", "step 1 interrupted", "release: the worker is shutting down"})
  );
}

TEST_F(RunSessionTest, ALateWriteWithAnOldTokenChangesNothing) {
  plan({{"t.wait", Json::object()}});
  tell([this](RunSession&) {
    books.token_changed = true;
    leases.cancel_all(StopReason::lease_lost);
  });
  EXPECT_EQ(books.told, Told{"step 1 running"});
}

TEST_F(RunSessionTest, ADatabaseThatGoesAwayInMidRunLosesNothing) {
  plan({{"t.talk", Json::object()}, {"t.ok", Json::object()}});
  books.away_after_writing = 4;
  tell();
  EXPECT_EQ(books.lines().size(), 2000u);
  EXPECT_EQ(books.lines().at(1999), "line 2000");
  EXPECT_TRUE(books.gapless());
  EXPECT_EQ(books.told.back(), "finish succeeded");
}

TEST_F(RunSessionTest, TheLastDiffOfAStepIsAnArtifact) {
  plan({{"t.ok", Json::object()}});
  lanes.diffs.push_back({"patch", Json{{"files", Json::array()}}});
  tell();
  ASSERT_EQ(books.artifacts.size(), 1u);
  EXPECT_EQ(books.artifacts.at(0).kind, "diff");
  EXPECT_EQ(books.artifacts.at(0).content, "patch");
}

TEST_F(RunSessionTest, ADiffThatCannotBeTakenAfterTheStepFailsIt) {
  lanes.diff_failure = Failure(Code::exhausted, "writing /lane: No space left on device");
  plan({{"t.ok", Json::object()}});
  tell();
  EXPECT_EQ(books.told.back(), "finish failed");
  EXPECT_NE(books.last_end.error.find("No space left"), std::string::npos);
}

TEST_F(RunSessionTest, AFenceOfOurOwnGivesTheRunBackWhenTheTokenStillHolds) {
  plan({{"t.wait", Json::object()}});
  tell([this](RunSession&) { leases.cancel_all(StopReason::lease_lost); });
  EXPECT_EQ(books.told, (Told{"step 1 running", "release: the worker lost its lease"}));
}

TEST_F(RunSessionTest, TheToolsHearHowLongTheyAreTrustedWhenOpenedAndWithEachHeartbeat) {
  LeaseKeeper beating(io.get_executor(), "w", books, {Milliseconds(2), Milliseconds(20'000)});
  toolbox.tools["t.until_trusted"] = [this](ToolCall, CallListener*, Stop*) {
    return [](FakeToolbox& box) -> Task<ToolResult> {
      while (box.trusted.size() < 3)
        co_await pause_for(Milliseconds(1));
      co_return answer({});
    }(toolbox);
  };
  plan({{"t.until_trusted", Json::object()}});
  RunSession session(
      io.get_executor(), claimed, {books, books, lanes, toolbox, desk}, beating, abandon
  );
  const auto before = Clock::now();
  run_to_end(io, [](RunSession& session, LeaseKeeper& beating) -> Task<> {
    const auto executor = co_await asio::this_coro::executor;
    TaskGroup beside(executor);
    beside.start(beating.run(), [](std::exception_ptr) { ADD_FAILURE(); });
    co_await session.run();
    beating.end();
    co_await beside.wait_until_at_most(0);
  }(session, beating));
  EXPECT_EQ(books.told.back(), "finish succeeded");
  ASSERT_GE(toolbox.trusted.size(), 3u);
  EXPECT_GE(toolbox.trusted.front(), before + std::chrono::seconds(20));
  EXPECT_LT(toolbox.trusted.front(), toolbox.trusted.back());
}

TEST_F(RunSessionTest, AToolThatDiesBecauseItsTrustRanOutIsNoFailureOfTheRun) {
  toolbox.tools["t.expired"] = [](ToolCall, CallListener*, Stop* stop) -> Task<ToolResult> {
    stop->request(StopReason::lease_lost);
    ToolResult result;
    result.delivery = Delivery::unknown;
    result.error = "killed by SIGKILL";
    co_return result;
  };
  plan({{"t.expired", Json::object()}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "release: the worker lost its lease"}));
}

/// A worker that was frozen for longer than its trust, and wakes up before it notices.
struct AfterAFreeze : RunSessionTest {
  LeaseKeeper no_trust{
      io.get_executor(), "w", books, LeaseTimes{Milliseconds(10'000), Milliseconds(0)}
  };

  void wake_up() {
    Ports ports{books, books, lanes, toolbox, desk};
    RunSession session(io.get_executor(), claimed, ports, no_trust, abandon);
    run_to_end(io, session.run());
  }
};

TEST_F(AfterAFreeze, ALaneWhoseGitWasKilledIsNoFailureOfTheRun) {
  lanes.broken = Failure(Code::internal, "git was killed by SIGKILL");
  plan({{"t.ok", Json::object()}});
  wake_up();
  EXPECT_EQ(books.told, (Told{"release: the worker lost its lease"}));
}

TEST_F(AfterAFreeze, ADiffWhoseGitWasKilledIsNoFailureOfTheStep) {
  lanes.diff_failure = Failure(Code::internal, "git was killed by SIGKILL");
  plan({{"t.ok", Json::object()}});
  wake_up();
  EXPECT_EQ(books.told, (Told{"step 1 running", "release: the worker lost its lease"}));
}

}  // namespace
}  // namespace opsroom::engine

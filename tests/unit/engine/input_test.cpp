#include "input_fixture.hpp"

namespace opsroom::engine {
namespace {

TEST_F(InputTest, ACallThatCannotGoOnLaysTheRunDownWithItsQuestionsAndNoToolOpen) {
  plan("t.rounds");
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "suspend s1"}));
  ASSERT_EQ(books.suspensions.size(), 1u);
  EXPECT_EQ(books.suspensions.at(0).asks.at(0).key, "name");
  EXPECT_EQ(books.last_step.status, StepStatus::waiting);
  EXPECT_EQ(books.last_step.delivery, "answered");
  EXPECT_FALSE(books.last_step.resume.is_null());
  ASSERT_EQ(books.calls.size(), 1u) << "the audit log misses the round";
  EXPECT_EQ(books.events.back().kind, "step.waiting");
}

TEST_F(InputTest, ItGoesOnWithTheAnswersAndTheArgumentsOfTheFirstTry) {
  plan("t.rounds");
  tell();
  claim_again();
  accept("name", "Ada");
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "suspend s1"})) << "the second round asks again";
  claim_again();
  accept("age", "36");
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 succeeded", "finish succeeded"}));
  EXPECT_EQ(books.last_step.output, (Json{{"name", "accept Ada"}, {"age", "accept 36"}}));
  EXPECT_TRUE(books.last_step.resume.is_null());
  for (const ToolCall& call : toolbox.calls)
    EXPECT_EQ(call.arguments.at("attempt"), 1) << "the arguments were resolved anew";
  EXPECT_EQ(toolbox.calls.at(1).attempt, 2);
  EXPECT_EQ(toolbox.calls.at(1).idempotency_key, toolbox.calls.at(0).idempotency_key);
  EXPECT_EQ(toolbox.calls.at(2).resume.at("round"), 2);
  EXPECT_FALSE(toolbox.calls.at(2).answers.contains("name")) << "an answer to an earlier round";
  EXPECT_TRUE(books.gapless());
}

TEST_F(InputTest, WhatAPersonDeclinedGoesToTheToolWhichDecides) {
  plan("t.rounds");
  tell();
  claim_again();
  reply("name", {InputAction::decline, {}});
  tell();
  claim_again();
  reply("age", {InputAction::cancel, {}});
  tell();
  EXPECT_EQ(books.told.back(), "finish succeeded");
  EXPECT_EQ(books.last_step.output.at("name"), "decline -");
  EXPECT_EQ(books.last_step.output.at("age"), "cancel -");
}

TEST_F(InputTest, ARoundIsOnlyTriedWhenEverythingIsAnsweredOrItsTimeHasCome) {
  toolbox.tools["t.rounds"] = [](ToolCall call, CallListener*, Stop*) -> Task<ToolResult> {
    if (call.resume.is_null()) co_return laid_down(1, {question("a"), question("b")});
    co_return answered({{"answers", call.answers.size()}});
  };
  plan("t.rounds");
  tell();
  claim_again();
  accept("a", "yes");
  InputRequest open;
  open.position = 1;
  open.ask = question("b");
  claimed.inputs.push_back(open);
  tell();
  EXPECT_EQ(books.told, Told{"suspend s1"});
  EXPECT_EQ(toolbox.calls.size(), 1u);
  ASSERT_EQ(books.suspensions.back().asks.size(), 1u);
  EXPECT_EQ(books.suspensions.back().asks.at(0).key, "b");
  claim_again();
  accept("a", "yes");
  accept("b", "no");
  tell();
  EXPECT_EQ(books.last_step.output.at("answers"), 2) << "an answer given before was lost";
}

TEST_F(InputTest, ATaskThatWorksElsewhereIsLookedAtThoughItsQuestionIsOpen) {
  toolbox.tools["t.rounds"] = [](ToolCall call, CallListener*, Stop*) -> Task<ToolResult> {
    if (!call.resume.is_null()) co_return answered({});
    ToolResult result = laid_down("task-1", {question("a")});
    result.suspended->look_again = 5ms;
    co_return result;
  };
  plan("t.rounds");
  tell();
  EXPECT_EQ(books.suspensions.back().look_again, 5ms);
  claim_again();
  InputRequest open;
  open.position = 1;
  open.ask = question("a");
  claimed.inputs.push_back(open);
  tell();
  EXPECT_EQ(books.told.back(), "finish succeeded");
  EXPECT_EQ(toolbox.calls.back().resume, "task-1");
}

TEST_F(InputTest, EachRoundIsDurableBeforeTheToolHearsOfIt) {
  Told seen;
  toolbox.tools["t.rounds"] = [this, &seen](ToolCall call, CallListener* listener, Stop* stop) {
    EXPECT_FALSE(books.rows.empty());
    const Step& row = books.rows.back();
    seen.push_back(
        std::string(to_string(row.status)) + (row.resume.is_null() ? " anew" : " going on")
    );
    EXPECT_EQ(row.arguments, call.arguments);
    return two_rounds(std::move(call), listener, stop);
  };
  plan("t.rounds");
  tell();
  claim_again();
  accept("name", "Ada");
  tell();
  EXPECT_EQ(seen, (Told{"running anew", "running going on"}));
}

TEST_F(InputTest, ACrashInALaterRoundAsksAPersonAndKeepsWhereTheCallGoesOn) {
  plan("t.rounds");
  tell();
  claim_again();
  claimed.steps.at(0).status = StepStatus::running;  // as the write-ahead left it
  accept("name", "Ada");
  tell();
  EXPECT_EQ(books.told, Told{"park s1"});
  EXPECT_EQ(books.last_step.status, StepStatus::interrupted);
  EXPECT_FALSE(books.last_step.resume.is_null());

  // A person says: retry.
  claim_again();
  claimed.steps.at(0).status = StepStatus::pending;
  accept("name", "Ada");
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "suspend s1"}));
  EXPECT_EQ(toolbox.calls.back().resume.at("round"), 1);
  EXPECT_EQ(books.suspensions.back().asks.at(0).key, "age") << "the round was not repeated";
}

TEST_F(InputTest, ACrashInALaterRoundRepeatsItWhereTheRunbookSaysSo) {
  plan("t.rounds", [](runbook::PlanStep& step) {
    step.on_interrupt = runbook::OnInterrupt::retry;
  });
  tell();
  claim_again();
  claimed.steps.at(0).status = StepStatus::interrupted;
  accept("name", "Ada");
  tell();
  EXPECT_EQ(toolbox.calls.back().resume.at("round"), 1);
  EXPECT_EQ(books.told.back(), "suspend s1");
}

TEST_F(InputTest, ACancelThatMeetsALaidDownCallEndsTheRun) {
  toolbox.tools["t.rounds"] = [](ToolCall, CallListener*, Stop* stop) -> Task<ToolResult> {
    co_await stop->wait();
    co_return laid_down(1, {question("a")});
  };
  plan("t.rounds");
  tell([](InputTest& test) -> Task<> {
    while (test.toolbox.calls.empty())
      co_await pause_for(1ms);
    test.leases.cancel(RunId{1});
  });
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 canceled", "finish canceled"}));
}

TEST_F(InputTest, AWaitingRunThatWasCanceledCallsNothing) {
  plan("t.rounds");
  tell();
  claim_again();
  accept("name", "Ada");
  claimed.cancel_requested = true;
  tell();
  EXPECT_EQ(books.told, Told{"finish canceled"});
  EXPECT_EQ(toolbox.calls.size(), 1u);
}

TEST_F(InputTest, WithoutATimeoutInTheRunbookTheToolKeepsItsOwnLimits) {
  plan("t.rounds", [](runbook::PlanStep& step) { step.timeout = Milliseconds(0); });
  tell();
  EXPECT_EQ(toolbox.calls.at(0).timeout, Milliseconds(0));
}

TEST_F(InputTest, ADiffThatFailsLeavesWhatIsKnownOfTheCallInTheRow) {
  lanes.diff_failure = Failure(Code::exhausted, "No space left on device");
  toolbox.tools["t.ok"] = [](ToolCall, CallListener*, Stop*) -> Task<ToolResult> {
    ToolResult result = answered({});
    result.records.emplace_back();
    co_return result;
  };
  plan("t.ok");
  tell();
  EXPECT_EQ(books.last_step.status, StepStatus::failed);
  EXPECT_EQ(books.last_step.delivery, "answered");
  EXPECT_EQ(books.calls.size(), 1u);
}

}  // namespace
}  // namespace opsroom::engine

#include "engine/step_retry.hpp"
#include "run_session_fixture.hpp"

#include <gmock/gmock.h>

namespace opsroom::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A step that fails so often and then succeeds, told claim after claim.
struct Retries : RunSessionTest {
  int failures = 0;
  ToolResult failed = refusal("no luck");

  Retries() {
    toolbox.tools["t.flaky"] = [this](ToolCall, CallListener*, Stop*) -> Task<ToolResult> {
      if (failures-- > 0) co_return failed;
      co_return answer({{"value", 1}});
    };
  }

  static Json retry(int attempts, int backoff = 5'000) {
    return {{"retry", {{"attempts", attempts}, {"backoff", backoff}}}};
  }
  std::vector<std::string> notes() const {
    std::vector<std::string> texts;
    for (const Event& event : books.events) {
      if (event.kind == "note") texts.push_back(event.data.at("text"));
    }
    return texts;
  }
};

TEST_F(Retries, AStepThatFailedLaysItsRunDownUntilItsNextTry) {
  failures = 1;
  plan({{"t.flaky", retry(3)}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "suspend s1"}));
  ASSERT_EQ(books.suspensions.size(), 1u);
  EXPECT_EQ(books.suspensions[0].look_again, 5s);
  EXPECT_TRUE(books.suspensions[0].asks.empty());
  EXPECT_EQ(books.last_step.status, StepStatus::waiting);
  EXPECT_EQ(books.last_step.tries, 1);
  EXPECT_EQ(books.last_step.error, "no luck") << "why it waits is not to be seen";
  EXPECT_THAT(notes().at(0), HasSubstr("no luck; try 2 of 3 follows in 5 s"));

  claim_again();
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 succeeded", "finish succeeded"}));
  EXPECT_EQ(books.last_step.tries, 2);
  EXPECT_TRUE(books.last_step.resume.is_null());
  EXPECT_FALSE(books.last_step.error);
  EXPECT_TRUE(toolbox.calls.at(1).resume.is_null()) << "the next try is no round of the first";
  EXPECT_TRUE(books.gapless());
}

TEST_F(Retries, TheLastTryEndsTheRunAndThePausesDouble) {
  failures = 9;
  plan({{"t.flaky", retry(3)}});
  tell();
  claim_again();
  tell();
  EXPECT_EQ(books.suspensions.at(1).look_again, 10s);
  claim_again();
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 failed", "finish failed"}));
  EXPECT_EQ(books.last_step.tries, 3);
  EXPECT_EQ(toolbox.calls.size(), 3u);
  std::set<std::string> keys;
  for (const ToolCall& call : toolbox.calls)
    keys.insert(call.idempotency_key);
  EXPECT_EQ(keys.size(), 1u);
}

TEST_F(Retries, WithoutTheWordAFailureIsFinal) {
  failures = 1;
  plan({{"t.flaky", Json::object()}});
  tell();
  EXPECT_EQ(books.told.back(), "finish failed");
}

TEST_F(Retries, WhatMayHaveHappenedIsNotRepeated) {
  failures = 1;
  failed.delivery = Delivery::unknown;
  failed.timed_out = true;
  plan({{"t.flaky", retry(3)}});
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 failed", "finish failed"}));
  EXPECT_EQ(books.last_step.delivery, "unknown");
}

TEST_F(Retries, WhatMayHaveHappenedIsRepeatedWhereThatIsSafe) {
  failures = 1;
  failed.delivery = Delivery::unknown;
  failed.timed_out = true;
  toolbox.safe.insert("t.flaky");
  plan({{"t.flaky", retry(3)}});
  tell();
  EXPECT_EQ(books.told.back(), "suspend s1");
}

TEST_F(Retries, WhatMayHaveHappenedIsRepeatedWhereTheRunbookSaysSo) {
  failures = 1;
  failed.delivery = Delivery::unknown;
  failed.timed_out = true;
  Json words = retry(2);
  words["on_interrupt"] = "retry";
  plan({{"t.flaky", words}});
  tell();
  EXPECT_EQ(books.told.back(), "suspend s1");
}

TEST_F(Retries, AWorkerThatDiedInATryLeavesTheDecisionToAPerson) {
  failures = 1;
  plan({{"t.flaky", retry(3)}});
  tell();
  claim_again();
  claimed.steps.at(0).status = StepStatus::interrupted;
  claimed.steps.at(0).resume = nullptr;
  tell();
  EXPECT_EQ(books.told, Told{"park s1"});
}

TEST_F(Retries, ACancelledStepIsNotTriedAgain) {
  plan({{"t.wait", retry(3)}});
  tell([this](RunSession&) { leases.cancel(RunId{1}); });
  EXPECT_EQ(books.told.back(), "finish canceled");
}

TEST_F(Retries, ArgumentsThatCannotBeResolvedAreNotTriedAgain) {
  Json words = retry(3);
  words["with"] = {{"x", "${{ steps.nobody.output }}"}};
  plan({{"t.flaky", words}});
  tell();
  EXPECT_EQ(books.told.back(), "finish failed");
  EXPECT_TRUE(toolbox.calls.empty());
}

TEST_F(Retries, WhatADrainTookBackBeforeItWasSentIsNoTry) {
  toolbox.tools["t.late"] = [](ToolCall, CallListener*, Stop* stop) -> Task<ToolResult> {
    co_await stop->wait();
    ToolResult result;
    result.canceled = true;
    co_return result;
  };
  plan({{"t.late", retry(3)}});
  tell([](RunSession& session) {
    session.drain();
    session.cut_short();
  });
  EXPECT_EQ(books.last_step.status, StepStatus::pending);
  EXPECT_EQ(books.last_step.tries, 0);
}

TEST(RetryPause, IsAtMostAnHourUnlessTheRunbookWantsLonger) {
  Step step;
  step.status = StepStatus::failed;
  step.delivery = "answered";
  step.tries = 60;
  const runbook::Retry quick{100, 1s};
  EXPECT_EQ(pause_before_next_try(quick, step, false), 1h);
  const runbook::Retry slow{100, 2h};
  EXPECT_EQ(pause_before_next_try(slow, step, false), 2h);
  const runbook::Retry eager{100, 0s};
  EXPECT_EQ(pause_before_next_try(eager, step, false), 0s);
}

TEST(RetryPause, OfAStepThatFailedBeforeItsFirstCallIsNotDoubled) {
  Step step;
  step.status = StepStatus::failed;
  step.delivery = "not_sent";
  EXPECT_EQ(pause_before_next_try(runbook::Retry{3, 2s}, step, false), 2s);
}

}  // namespace
}  // namespace opsroom::engine

#include "integration/store/fixture.hpp"

namespace opsroom::test {
namespace {

using testing::ElementsAre;

class Canceling : public StoreTest {
 protected:
  Run cancel(RunId id) { return loop.wait(ledger.cancel(id, "ann")); }
};

TEST_F(Canceling, AQueuedRunEndsAtOnceAndTheNextOneTakesItsPlace) {
  const Run head = enqueue("A");
  const Run next = enqueue("A");
  const Run ended = cancel(head.id);
  EXPECT_EQ(ended.status, RunStatus::canceled);
  EXPECT_TRUE(ended.canceled_at.has_value());
  EXPECT_TRUE(ended.finished_at.has_value());
  EXPECT_EQ(status(next.id), RunStatus::queued);
  EXPECT_THAT(kinds(head.id), ElementsAre("run.queued", "run.finished"));
  EXPECT_EQ(events(head.id)[1].data.at("by"), "ann");
  EXPECT_EQ(cancel(head.id).status, RunStatus::canceled) << "a second time changes nothing";
  expect_dense(head.id);
}

TEST_F(Canceling, ABlockedRunEndsWithoutTouchingTheHead) {
  const Run head = enqueue("A");
  const Run next = enqueue("A");
  EXPECT_EQ(cancel(next.id).status, RunStatus::canceled);
  EXPECT_EQ(status(head.id), RunStatus::queued);
}

TEST_F(Canceling, ARunningRunIsToldToItsWorkerWhichEndsIt) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  const Claim held = claim_one().claim;
  const Run asked = cancel(run.id);
  EXPECT_EQ(asked.status, RunStatus::running);
  EXPECT_TRUE(asked.canceled_at.has_value());
  EXPECT_EQ(cancel(run.id).canceled_at, asked.canceled_at);
  finish(held, RunStatus::canceled);
  EXPECT_EQ(status(run.id), RunStatus::canceled);
  EXPECT_EQ(status(next.id), RunStatus::queued);
  EXPECT_EQ(events(run.id).back().data.at("by"), "ann");
}

TEST_F(Canceling, AWaitingRunEndsAtOnce) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  loop.wait(queue.park(claim_one().claim, step(1, StepStatus::interrupted), "again?", {}));
  EXPECT_EQ(cancel(run.id).status, RunStatus::canceled);
  EXPECT_EQ(status(next.id), RunStatus::queued);
}

TEST_F(Canceling, AnEndedRunStaysAsItIs) {
  const Run run = enqueue("A");
  finish(claim_one().claim);
  const Run after = cancel(run.id);
  EXPECT_EQ(after.status, RunStatus::succeeded);
  EXPECT_FALSE(after.canceled_at.has_value());
}

TEST_F(Canceling, ADeadWorkersRunEndsAsCanceledInsteadOfRunningAgain) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  const Claim held = claim_one().claim;
  write_step(held, step(1, StepStatus::running));
  cancel(run.id);
  let_lease_pass(run.id);
  EXPECT_EQ(claim_one("w2").claim.run, next.id);
  EXPECT_EQ(status(run.id), RunStatus::canceled);
  EXPECT_EQ(loop.wait(ledger.steps(run.id))[0].status, StepStatus::interrupted);
  expect_dense(run.id);
}

TEST_F(Canceling, ARunThatIsGivenBackOrParkedAfterItWasCanceledEnds) {
  const Run given = enqueue("A");
  const Run parked = enqueue("B");
  auto held = claim(2);
  ASSERT_EQ(held.size(), 2u);
  cancel(given.id);
  cancel(parked.id);
  loop.wait(queue.release(held[0].claim, "drain", {}));
  loop.wait(queue.release(held[0].claim, "drain", {}));
  loop.wait(queue.park(held[1].claim, step(1, StepStatus::interrupted), "?", {}));
  loop.wait(queue.park(held[1].claim, step(1, StepStatus::interrupted), "?", {}));
  EXPECT_EQ(status(given.id), RunStatus::canceled);
  EXPECT_EQ(status(parked.id), RunStatus::canceled);
}

TEST_F(Canceling, WhatDoesNotExistCannotBeCanceled) {
  EXPECT_EQ(failure_of([&] { cancel(RunId{77}); }).message(), "run 77 does not exist");
}

class Answering : public StoreTest {
 protected:
  Run run = enqueue("A");
  Run next = enqueue("A");

  void SetUp() override {
    const Claim held = claim_one().claim;
    write_step(held, step(1, StepStatus::succeeded));
    Step unknown = step(2, StepStatus::interrupted);
    unknown.delivery = "unknown";
    loop.wait(queue.park(held, unknown, "Did it happen?", {}));
  }
};

TEST_F(Answering, AParkedRunWaitsWithoutAWorkerAndKeepsItsLane) {
  const Run waiting = loop.wait(ledger.run(run.id));
  EXPECT_EQ(waiting.status, RunStatus::waiting);
  EXPECT_FALSE(waiting.claimed_by.has_value());
  EXPECT_TRUE(claim().empty());
  const Event asked = events(run.id).back();
  EXPECT_EQ(asked.kind, "run.waiting");
  EXPECT_EQ(asked.data.at("question"), "Did it happen?");
  EXPECT_EQ(asked.step, "s2");
}

TEST_F(Answering, RetryMakesTheStepPendingAgain) {
  EXPECT_EQ(loop.wait(ledger.answer(run.id, "retry", "ann")).status, RunStatus::queued);
  const ClaimedRun again = claim_one();
  EXPECT_EQ(again.claim.run, run.id);
  ASSERT_EQ(again.steps.size(), 2u);
  EXPECT_EQ(again.steps[1].status, StepStatus::pending);
  EXPECT_FALSE(again.steps[1].delivery.has_value());
  expect_dense(run.id);
}

TEST_F(Answering, SkipLeavesTheStepOut) {
  loop.wait(ledger.answer(run.id, "skip", "ann"));
  EXPECT_EQ(claim_one().steps.at(1).status, StepStatus::skipped);
  expect_dense(run.id);
}

TEST_F(Answering, FailEndsTheRunAndFreesTheLane) {
  const Run ended = loop.wait(ledger.answer(run.id, "fail", "ann"));
  EXPECT_EQ(ended.status, RunStatus::failed);
  EXPECT_EQ(ended.error, "step s2 was interrupted and ended by decision");
  EXPECT_EQ(claim_one().claim.run, next.id);
}

TEST_F(Answering, OnlyAWaitingRunTakesAnAnswer) {
  const Failure state = failure_of([&] { loop.wait(ledger.answer(next.id, "retry", "ann")); });
  EXPECT_EQ(state.code(), Code::conflict);
  EXPECT_THAT(state.message(), testing::HasSubstr("is blocked"));
  EXPECT_EQ(
      failure_of([&] { loop.wait(ledger.answer(run.id, "maybe", "ann")); }).code(), Code::invalid
  );
  EXPECT_EQ(
      failure_of([&] { loop.wait(ledger.answer(RunId{99}, "skip", "ann")); }).code(),
      Code::not_found
  );
}

}  // namespace
}  // namespace opsroom::test

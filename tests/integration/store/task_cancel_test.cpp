#include "integration/store/input_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = TaskCancelEnd::Outcome;

/// Runs that end while a task of a server still works for them.
class TaskCancels : public InputTest {
 protected:
  void lay_down(const Claim& claim, bool elsewhere = true) {
    StepChange change{step(1, StepStatus::waiting), {}};
    Suspension suspension;
    suspension.state = Json{{"state", {{"task", "t-1"}}}, {"elsewhere", elsewhere}};
    suspension.look_again = Milliseconds(3'600'000);
    suspension.why = "the server works on it as a task";
    loop.wait(queue.suspend(claim, std::move(change), std::move(suspension)));
  }
  /// A run that waits for a task, cancelled by somebody.
  Run cancelled(std::string lane = "A") {
    const Run run = enqueue(std::move(lane));
    lay_down(claim_one().claim);
    return loop.wait(ledger.cancel(run.id, "ann"));
  }
  std::vector<TaskCancel> take(std::string worker = "w1", int count = 10) {
    return loop.wait(queue.claim_task_cancels(std::move(worker), count));
  }
  void say(const TaskCancel& cancel, TaskCancelEnd end) {
    loop.wait(queue.end_task_cancel(cancel, std::move(end)));
  }
  std::string row(const std::string& columns) {
    return db.psql("select " + columns + " from ops.task_cancels");
  }
};

TEST_F(TaskCancels, ARunThatIsCancelledEndsAtOnceAndOwesItsServerAWord) {
  const Run run = cancelled();
  EXPECT_EQ(run.status, RunStatus::canceled);
  const auto taken = take("w7");
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].run.id, run.id);
  EXPECT_EQ(taken[0].run.lane, "A");
  EXPECT_EQ(taken[0].session.slug, session.slug);
  EXPECT_EQ(taken[0].step.resume.at("state").at("task"), "t-1");
  EXPECT_EQ(taken[0].step.arguments, step(1, StepStatus::waiting).arguments);
  EXPECT_EQ(taken[0].tries, 1);
  EXPECT_TRUE(take("w8").empty()) << "two workers would tell it";
}

TEST_F(TaskCancels, WhatCameOfItIsInTheRunsEventsAndInTheAuditLog) {
  const Run run = cancelled();
  CallRecord call;
  call.tool = "exec.run";
  call.server = std::make_shared<const std::string>("server 1");
  call.delivery = Delivery::answered;
  call.outcome = "canceled";
  say(take("w7").at(0), {Outcome::canceled, "The task was cancelled.", {}, {call}});
  const auto told = events(run.id);
  EXPECT_EQ(told.back().kind, "note");
  EXPECT_EQ(told.back().step, "s1");
  EXPECT_EQ(
      told.back().data, (Json{{"text", "The task was cancelled."}, {"task_cancel", "canceled"}})
  );
  expect_dense(run.id);
  const auto audit = loop.wait(ledger.audit(run.id));
  ASSERT_EQ(audit.size(), 2u);
  EXPECT_EQ(audit[0].kind, "cancel");
  EXPECT_EQ(audit[1].kind, "call");
  EXPECT_EQ(audit[1].worker, "w7");
  EXPECT_EQ(audit[1].step, "s1");
  EXPECT_EQ(audit[1].outcome, "canceled");
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(status(run.id), RunStatus::canceled);
}

TEST_F(TaskCancels, AWorkerThatWasLostLeavesItToOthersAndWritesNothingMore) {
  const Run run = cancelled();
  const TaskCancel first = take("w1").at(0);
  db.psql("update ops.task_cancels set due = now() - interval '1 second'");
  const TaskCancel second = take("w2").at(0);
  EXPECT_EQ(second.tries, 2);
  say(first, {Outcome::canceled, "late", {}, {}});
  EXPECT_EQ(row("outcome is null"), "t");
  say(second, {Outcome::gone, "not there", {}, {}});
  say(second, {Outcome::failed, "a repetition", {}, {}});
  EXPECT_EQ(row("outcome, said, claimed_by"), "gone|not there|w2");
  const auto kinds_now = kinds(run.id);
  EXPECT_EQ(std::count(kinds_now.begin(), kinds_now.end(), "note"), 1);
}

TEST_F(TaskCancels, ASecondTryComesAfterItsPause) {
  cancelled();
  say(take().at(0), {Outcome::again, "silence", Milliseconds(60'000), {}});
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(row("said, outcome is null, due > now() + interval '50 seconds'"), "silence|t|t");
  db.psql("update ops.task_cancels set due = now()");
  say(take().at(0), {Outcome::again, "shutting down", {}, {}});
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(TaskCancels, OnlyWhatWorksElsewhereIsOwed) {
  const Run asked = enqueue("B");
  suspend(claim_one().claim, {ask("name")});
  loop.wait(ledger.cancel(asked.id, "ann"));
  const Run again = enqueue("C");
  lay_down(claim_one().claim, false);
  loop.wait(ledger.cancel(again.id, "ann"));
  EXPECT_TRUE(take().empty());
}

TEST_F(TaskCancels, ATaskUnderWayIsOwedWhenTheWorkerOfACancelledRunIsLost) {
  const Run run = enqueue();
  lay_down(claim_one().claim);
  make_due(run.id);
  const ClaimedRun again = claim_one();
  Step row_now = again.steps.at(0);
  row_now.status = StepStatus::running;
  write_step(again.claim, row_now);
  loop.wait(ledger.cancel(run.id, "ann"));
  EXPECT_TRUE(take().empty()) << "its worker still has it";
  let_lease_pass(run.id);
  claim();
  EXPECT_EQ(status(run.id), RunStatus::canceled);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(TaskCancels, ACallThatBecameATaskAsItsRunWasCancelledIsOwed) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  loop.wait(ledger.cancel(run.id, "ann"));
  lay_down(held);
  EXPECT_EQ(status(run.id), RunStatus::canceled);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(TaskCancels, ATaskThatIsOverOwesNothing) {
  const Run run = enqueue();
  lay_down(claim_one().claim);
  make_due(run.id);
  const ClaimedRun again = claim_one();
  Step done = again.steps.at(0);
  done.status = StepStatus::succeeded;
  done.resume = nullptr;
  write_step(again.claim, done);
  finish(again.claim);
  EXPECT_TRUE(take().empty());
}

TEST_F(TaskCancels, TheTriesOfAStepAreKept) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  Step row_now = step(1, StepStatus::running);
  row_now.tries = 2;
  write_step(held, row_now);
  EXPECT_EQ(loop.wait(ledger.steps(run.id)).at(0).tries, 2);
}

TEST_F(TaskCancels, ARunIsOfTheTraceOfItsCallerOrOfOneOfItsOwn) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  NewRun wanted;
  wanted.session = session.id;
  wanted.traceparent = parent;
  wanted.tracestate = "rojo=00f067aa0ba902b7";
  const Run given = loop.wait(ledger.enqueue(wanted));
  EXPECT_EQ(given.traceparent, parent);
  EXPECT_EQ(given.tracestate, "rojo=00f067aa0ba902b7");
  wanted.traceparent = {};
  const Run own = loop.wait(ledger.enqueue(wanted));
  EXPECT_THAT(own.traceparent, testing::MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-01"));
  EXPECT_EQ(own.tracestate, "") << "a state without a parent means nothing";
}

}  // namespace
}  // namespace opsroom::test

#include "integration/store/fixture.hpp"

namespace opsroom::test {
namespace {

using testing::Contains;
using testing::ElementsAre;

class Leases : public StoreTest {
 protected:
  /// The token no longer opens anything: every write is refused and nothing changes.
  void expect_fenced(const Claim& old) {
    const std::string before =
        db.psql("select * from ops.runs; select * from ops.run_events; select * from ops.run_steps"
        );
    EXPECT_THROW(loop.wait(journal.append(old, {event(old.run, 90, "note")})), LeaseLost);
    EXPECT_THROW(
        loop.wait(journal.put_artifact(
            old, ArtifactDraft{"s1", "file", "x", "text/plain", "content", Json::object()}
        )),
        LeaseLost
    );
    EXPECT_THROW(write_step(old, step(1, StepStatus::succeeded)), LeaseLost);
    EXPECT_THROW(finish(old), LeaseLost);
    EXPECT_THROW(loop.wait(queue.release(old, "drain", {})), LeaseLost);
    EXPECT_THROW(loop.wait(queue.park(old, step(1, StepStatus::interrupted), "?", {})), LeaseLost);
    const auto beats = loop.wait(queue.heartbeat("w1", {old}));
    ASSERT_EQ(beats.size(), 1u);
    EXPECT_TRUE(beats[0].lost);
    EXPECT_EQ(
        db.psql(
            "select ops.heartbeat_run(" + std::to_string(old.run.value) + ", '" + old.token + "')"
        ),
        "f"
    );
    EXPECT_EQ(
        db.psql("select * from ops.runs; select * from ops.run_events; select * from ops.run_steps"
        ),
        before
    );
    EXPECT_EQ(db.psql("select count(*) from ops.artifacts"), "0");
  }
};

TEST_F(Leases, AClaimBringsEverythingTheWorkerNeeds) {
  const Run run = enqueue("B", 100, "deploy");
  const ClaimedRun claimed = claim_one();
  EXPECT_EQ(claimed.claim.run, run.id);
  EXPECT_EQ(claimed.claim.attempt, 1);
  EXPECT_EQ(claimed.claim.token.size(), 36u);
  EXPECT_EQ(claimed.lane, "B");
  EXPECT_EQ(claimed.session.slug, "test-session");
  EXPECT_EQ(claimed.run.intent, "deploy");
  EXPECT_EQ(claimed.plan, (Json{{"steps", Json::array()}}));
  EXPECT_EQ(claimed.last_seq, 2) << "run.queued and run.started";
  EXPECT_TRUE(claimed.steps.empty());
  EXPECT_FALSE(claimed.cancel_requested);
  EXPECT_THAT(
      claimed.run.started_at.value_or(""), testing::MatchesRegex("20..-..-..T..:..:..\\....Z")
  );
}

TEST_F(Leases, AHeartbeatKeepsTheRunAndTellsOfCancellation) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  let_lease_pass(run.id);
  auto beats = loop.wait(queue.heartbeat("w1", {held, Claim{RunId{99}, 1, held.token}}));
  ASSERT_EQ(beats.size(), 2u);
  EXPECT_FALSE(beats[0].lost);
  EXPECT_FALSE(beats[0].cancel_requested);
  EXPECT_TRUE(beats[1].lost);
  EXPECT_EQ(db.psql("select ops.requeue_stuck_runs()"), "0");
  loop.wait(ledger.cancel(run.id, "ann"));
  beats = loop.wait(queue.heartbeat("w1", {held}));
  EXPECT_TRUE(beats[0].cancel_requested);
  EXPECT_FALSE(beats[0].lost);
}

TEST_F(Leases, ARunOfADeadWorkerIsClaimedAnewAndItsCallIsInterrupted) {
  const Run run = enqueue();
  const Claim old = claim_one("w1").claim;
  Step first = step(1, StepStatus::succeeded);
  first.output = Json{{"exit_code", 0}};
  write_step(old, first);
  write_step(old, step(2, StepStatus::running));
  EXPECT_TRUE(claim(1, "w2").empty());
  let_lease_pass(run.id);
  const ClaimedRun again = claim_one("w2");
  EXPECT_EQ(again.claim.run, run.id);
  EXPECT_EQ(again.claim.attempt, 2);
  EXPECT_NE(again.claim.token, old.token);
  ASSERT_EQ(again.steps.size(), 2u);
  EXPECT_EQ(again.steps[0].status, StepStatus::succeeded);
  EXPECT_EQ(again.steps[0].output, first.output);
  EXPECT_EQ(again.steps[1].status, StepStatus::interrupted);
  EXPECT_EQ(again.steps[1].delivery, "unknown");
  EXPECT_EQ(again.steps[1].attempt, 1);
  EXPECT_THAT(
      kinds(run.id),
      ElementsAre("run.queued", "run.started", "step.finished", "run.requeued", "run.started")
  );
  EXPECT_EQ(events(run.id)[3].data.at("status"), "queued");
  EXPECT_EQ(db.psql("select crashes from ops.runs"), "1");
  expect_fenced(old);
  finish(again.claim);
  expect_dense(run.id);
}

TEST_F(Leases, AStaleTokenIsRefusedBeforeAnybodyElseClaims) {
  const Run run = enqueue();
  const Claim old = claim_one().claim;
  let_lease_pass(run.id);
  EXPECT_EQ(db.psql("select ops.requeue_stuck_runs()"), "1");
  expect_fenced(old);
}

TEST_F(Leases, TheWorkersOwnLeaseDecides) {
  store::PgRunQueue patient(database, std::chrono::seconds(3600));
  loop.wait(patient.register_worker("slow", 1));
  const Run run = enqueue();
  loop.wait(patient.claim("slow", 1));
  let_lease_pass(run.id);
  EXPECT_EQ(db.psql("select ops.requeue_stuck_runs()"), "0");
  EXPECT_EQ(status(run.id), RunStatus::running);
}

TEST_F(Leases, AWorkerThatIsStartedAnewTakesItsRunsBackAtOnce) {
  loop.wait(queue.register_worker("w1", 4));
  const Run run = enqueue();
  const Claim old = claim_one("w1").claim;
  loop.wait(queue.register_worker("w1", 4));
  EXPECT_EQ(status(run.id), RunStatus::running) << "the same process, after an outage";
  store::PgRunQueue restarted(database, std::chrono::seconds(30));
  loop.wait(restarted.register_worker("w1", 4));
  EXPECT_EQ(status(run.id), RunStatus::queued);
  EXPECT_THROW(finish(old), LeaseLost);
  EXPECT_EQ(loop.wait(restarted.claim("w1", 4)).size(), 1u);
}

TEST_F(Leases, WorkersAreShownWithWhatTheyHold) {
  loop.wait(queue.register_worker("w1", 4));
  enqueue("A");
  enqueue("B");
  claim(2);
  auto workers = loop.wait(ledger.workers());
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].id, "w1");
  EXPECT_EQ(workers[0].slots, 4);
  EXPECT_EQ(workers[0].running, 2);
  EXPECT_TRUE(workers[0].alive);
  loop.wait(queue.unregister_worker("w1"));
  EXPECT_FALSE(loop.wait(ledger.workers())[0].alive);
}

TEST_F(Leases, EveryWriteMayBeRepeated) {
  const Run run = enqueue();
  const ClaimedRun held = claim_one();
  const std::vector<Event> told{event(run.id, 3, "step.started"), log(run.id, 4, {"a", "b"})};
  for (int i = 0; i < 2; ++i)
    write_step(held.claim, step(1, StepStatus::running), {told[0]});
  for (int i = 0; i < 2; ++i)
    loop.wait(journal.append(held.claim, told));
  for (int i = 0; i < 2; ++i)
    loop.wait(queue.release(held.claim, "drain", {event(run.id, 6, "note")}));
  EXPECT_EQ(status(run.id), RunStatus::queued);
  const ClaimedRun again = claim_one();
  Step interrupted = step(1, StepStatus::interrupted);
  for (int i = 0; i < 2; ++i)
    loop.wait(queue.park(again.claim, interrupted, "again?", {}));
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  loop.wait(ledger.answer(run.id, "retry", "ann"));
  const ClaimedRun third = claim_one();
  const RunEnd end{RunStatus::failed, "it broke", "mend it"};
  for (int i = 0; i < 2; ++i)
    loop.wait(queue.finish(third.claim, end, {event(run.id, third.last_seq + 1, "note")}));
  EXPECT_EQ(status(run.id), RunStatus::failed);
  EXPECT_THROW(finish(third.claim, RunStatus::succeeded), LeaseLost)
      << "another end is no repetition";
  EXPECT_EQ(loop.wait(ledger.run(run.id)).hint, "mend it");
  EXPECT_THAT(
      kinds(run.id),
      ElementsAre(
          "run.queued",
          "run.started",
          "step.started",
          "log",
          "note",
          "step.finished",
          "run.requeued",
          "run.started",
          "run.waiting",
          "run.queued",
          "run.started",
          "note",
          "run.finished"
      )
  );
  expect_dense(run.id);
}

TEST_F(Leases, AClaimOfUnknownOutcomeIsRepeatedByItsBatch) {
  enqueue("A");
  enqueue("B");
  const std::string claim =
      "select id, claim_token from ops.claim_runs('w1', 1, '11111111-1111-1111-1111-111111111111')";
  const std::string first = db.psql(claim);
  EXPECT_EQ(db.psql(claim), first);
  EXPECT_EQ(db.psql("select count(*) from ops.runs where status = 'running'"), "1");
}

TEST_F(Leases, AFinishedStepStaysWhatItIs) {
  enqueue();
  const Claim held = claim_one().claim;
  write_step(held, step(1, StepStatus::succeeded));
  write_step(held, step(1, StepStatus::succeeded));
  EXPECT_EQ(
      failure_of([&] { write_step(held, step(1, StepStatus::running)); }).code(), Code::conflict
  );
}

TEST_F(Leases, BytesThatNoTextColumnHoldsAreReplaced) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  Step row = step(1, StepStatus::failed);
  row.output = Json{{"text", std::string("nul \0 inside", 12)}};
  row.error = std::string("bad \xff utf-8 and nul \0.", 22);
  write_step(held, row);
  const auto steps = loop.wait(ledger.steps(run.id));
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].output.at("text"), "nul \xEF\xBF\xBD inside");
  EXPECT_EQ(steps[0].error, "bad \xEF\xBF\xBD utf-8 and nul \xEF\xBF\xBD.");
  EXPECT_TRUE(steps[0].finished_at.has_value());
}

TEST_F(Leases, AClaimRepeatedWithItsBatchStartsTheLeaseAnew) {
  const Run run = enqueue();
  const std::string claim_again =
      "select id from ops.claim_runs('w1', 1, '00000000-0000-4000-8000-000000000001')";
  const std::string id = std::to_string(run.id.value);
  EXPECT_EQ(db.psql(claim_again), id);
  db.psql("update ops.runs set heartbeat_at = now() - interval '20 seconds'");
  EXPECT_EQ(db.psql(claim_again), id);
  EXPECT_EQ(db.psql("select heartbeat_at > now() - interval '5 seconds' from ops.runs"), "t");
  EXPECT_EQ(db.psql("select attempt from ops.runs"), "1");
}

TEST_F(Leases, RowsThatNoProgramCanReadStopNeitherClaimsNorLists) {
  db.psql(R"(select ops.enqueue_run(1, 'A', plan => '{"a":1e400}'))");
  db.psql(R"(select ops.enqueue_run(1, 'B', plan => '{"steps":[]}', inputs => '{"a":1e400}'))");
  db.psql(
      "select ops.enqueue_run(1, 'C',"
      " plan => ('{\"a\":' || repeat('[', 3000) || repeat(']', 3000) || '}')::jsonb)"
  );
  enqueue("D");
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 4u);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(claimed[i].plan.is_null()) << claimed[i].lane;
  EXPECT_TRUE(claimed[3].plan.is_object());
  const auto listed = loop.wait(ledger.runs(RunFilter{}));
  ASSERT_EQ(listed.size(), 4u);
  EXPECT_TRUE(listed[2].inputs.is_null());
  EXPECT_TRUE(listed[0].inputs.is_object());
}

TEST_F(Leases, PlansAndInputsThatAreNoObjectsAreRefused) {
  for (const char* argument :
       {"plan => '[1]'", "plan => '7'", "inputs => '[]'", "inputs => 'null'"}) {
    EXPECT_THROW(
        db.psql(std::string("select ops.enqueue_run(1, 'A', ") + argument + ")"), std::exception
    ) << argument;
  }
  EXPECT_EQ(db.psql("select count(*) from ops.runs"), "0");
}

}  // namespace
}  // namespace opsroom::test

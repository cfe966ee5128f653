#include "integration/store/input_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Audit : public InputTest {
 protected:
  static CallRecord call(int round = 1) {
    CallRecord made;
    made.tool = "files.write_file";
    made.server = std::make_shared<const std::string>("files 1.2 (2025-11-25)");
    made.pin = "abc";
    made.argument_sha256 = std::string(64, 'd');
    made.started = std::chrono::system_clock::time_point(
        std::chrono::microseconds(1'780'000'000'123'456 + round)
    );
    made.took = std::chrono::microseconds(1'500);
    made.bytes_sent = 120;
    made.bytes_received = 5'000'000'000;
    made.round = round;
    made.delivery = Delivery::answered;
    made.outcome = round == 1 ? "input_required" : "succeeded";
    return made;
  }
  Run enqueue_for(std::string who) {
    NewRun wanted;
    wanted.session = session.id;
    wanted.who = std::move(who);
    return loop.wait(ledger.enqueue(std::move(wanted)));
  }
  std::vector<std::string> audited(RunId run) {
    std::vector<std::string> rows;
    for (const AuditEntry& entry : loop.wait(ledger.audit(run)))
      rows.push_back(entry.kind + " " + entry.who.value_or("-") + " " + entry.outcome);
    return rows;
  }
};

TEST_F(Audit, ACallWhoseWorkerWasLostIsWrittenToo) {
  const Run run = enqueue_for("ann");
  write_step(claim_one("w7").claim, step(1, StepStatus::running));
  let_lease_pass(run.id);
  claim_one("w8");
  auto rows = loop.wait(ledger.audit(run.id));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].who, "ann");
  EXPECT_EQ(rows[0].worker, "w7");
  EXPECT_EQ(rows[0].attempt, 1);
  EXPECT_EQ(rows[0].step, "s1");
  EXPECT_EQ(rows[0].tool, "exec.run");
  EXPECT_EQ(rows[0].delivery, "unknown");
  EXPECT_EQ(rows[0].outcome, "interrupted");
  EXPECT_TRUE(rows[0].started);
  // Under the second claim nothing was called.
  let_lease_pass(run.id);
  claim_one("w9");
  EXPECT_EQ(loop.wait(ledger.audit(run.id)).size(), 1u);
}

TEST_F(Audit, ACallThatAskedAsItsWorkerWasLostIsWrittenToo) {
  const Run run = enqueue_for("ann");
  write_step(claim_one("w7").claim, step(1, StepStatus::waiting));
  for (const char* worker : {"w8", "w9"}) {
    let_lease_pass(run.id);
    claim_one(worker);
  }
  EXPECT_EQ(audited(run.id), std::vector<std::string>{"call ann interrupted"});
}

TEST_F(Audit, ACallThatIsLaidDownIsNotUnderWay) {
  const Run run = enqueue_for("ann");
  suspend(claim_one("w7").claim, {ask("name")});
  answer(only_question(run.id));
  claim_one("w8");
  let_lease_pass(run.id);
  claim_one("w9");
  EXPECT_EQ(audited(run.id), std::vector<std::string>{"answer ann accept"});
}

TEST_F(Audit, EveryCallIsWrittenWithTheStepThatMadeIt) {
  const Run run = enqueue_for("ann");
  const Claim held = claim_one("w7").claim;
  StepChange done{step(1, StepStatus::succeeded), {}, {call(), call(2)}};
  for (int i = 0; i < 2; ++i)
    loop.wait(queue.write_step(held, done));
  const auto rows = loop.wait(ledger.audit(run.id));
  ASSERT_EQ(rows.size(), 2u) << "a repetition adds nothing";
  const AuditEntry& first = rows[0];
  EXPECT_EQ(first.kind, "call");
  EXPECT_EQ(first.who, "ann");
  EXPECT_EQ(first.run, run.id);
  EXPECT_EQ(first.step, "s1");
  EXPECT_EQ(first.position, 1);
  EXPECT_EQ(first.attempt, 1);
  EXPECT_EQ(first.worker, "w7");
  EXPECT_EQ(first.tool, "files.write_file");
  EXPECT_EQ(first.server, "files 1.2 (2025-11-25)");
  EXPECT_EQ(first.pin, "abc");
  EXPECT_EQ(first.argument_sha256, std::string(64, 'd'));
  EXPECT_EQ(first.started, "2026-05-28T20:26:40.123Z");
  EXPECT_EQ(first.took_us, 1'500);
  EXPECT_EQ(first.bytes_sent, 120);
  EXPECT_EQ(first.bytes_received, 5'000'000'000);
  EXPECT_EQ(first.delivery, "answered");
  EXPECT_EQ(first.outcome, "input_required");
  EXPECT_EQ(rows[1].round, 2);
}

TEST_F(Audit, ASuspensionBringsItsCallsAndALostLeaseNone) {
  const Run run = enqueue_for("ann");
  const Claim held = claim_one().claim;
  StepChange change{step(1, StepStatus::waiting), {}, {call()}};
  Suspension suspension{state(), {ask("name")}, std::nullopt, "asks"};
  for (int i = 0; i < 2; ++i)
    loop.wait(queue.suspend(held, change, suspension));
  EXPECT_THAT(audited(run.id), ElementsAre("call ann input_required"));
  StepChange late{step(1, StepStatus::succeeded), {}, {call(2)}};
  EXPECT_THROW(loop.wait(queue.write_step(held, late)), LeaseLost);
  EXPECT_THROW(
      loop.wait(queue.suspend(
          Claim{run.id, 1, "11111111-1111-1111-1111-111111111111"}, change, suspension
      )),
      LeaseLost
  );
  EXPECT_EQ(audited(run.id).size(), 1u);
}

TEST_F(Audit, WhatPeopleDoIsWrittenToo) {
  const Run asked = enqueue_for("ann");
  const Claim held = claim_one().claim;
  suspend(held, {ask("name")});
  loop.wait(ledger.answer_input(only_question(asked.id), accept("Bob"), "bob"));
  const Claim again = claim_one().claim;
  loop.wait(queue.park(again, step(2, StepStatus::interrupted), "?", {}));
  loop.wait(ledger.answer(asked.id, "retry", "eve"));
  loop.wait(ledger.cancel(asked.id, "carl"));
  loop.wait(ledger.cancel(asked.id, "dora"));
  EXPECT_THAT(
      audited(asked.id), ElementsAre("answer bob accept", "decision eve retry", "cancel carl ended")
  );
  EXPECT_EQ(
      db.psql("select data from ops.audit_log where kind = 'answer'"),
      R"({"key": "name", "question": 1})"
  );
  EXPECT_EQ(db.psql("select count(*) from ops.audit_log where data::text like '%Bob%'"), "0");
}

TEST_F(Audit, OnlyGrows) {
  enqueue_for("ann");
  const Claim held = claim_one().claim;
  StepChange done{step(1, StepStatus::succeeded), {}, {call(), call(2)}};
  loop.wait(queue.write_step(held, done));
  for (const char* change :
       {"update ops.audit_log set who = 'nobody'",
        "delete from ops.audit_log",
        "truncate ops.audit_log",
        "delete from ops.audit_log where false"}) {
    try {
      db.psql(change);
      ADD_FAILURE() << change;
    } catch (const std::runtime_error& refused) {
      EXPECT_THAT(refused.what(), HasSubstr("the audit log only grows"));
    }
  }
  db.psql("delete from ops.sessions");
  EXPECT_EQ(loop.wait(ledger.audit(held.run)).size(), 2u) << "kept when the run is gone";
  EXPECT_EQ(db.psql("select ops.prune_audit(now() - interval '1 hour')"), "0");
  EXPECT_EQ(db.psql("select ops.prune_audit(now() + interval '1 hour')"), "2");
  EXPECT_THROW(db.psql("delete from ops.audit_log"), std::runtime_error);
}

}  // namespace
}  // namespace opsroom::test

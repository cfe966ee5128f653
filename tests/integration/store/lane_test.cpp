#include "integration/store/crowd.hpp"

namespace opsroom::test {
namespace {

using testing::ElementsAre;

class Lanes : public StoreTest {};

TEST_F(Lanes, TheFirstRunIsQueuedAndTheNextOnesWaitBehindIt) {
  EXPECT_EQ(enqueue("A").status, RunStatus::queued);
  EXPECT_EQ(enqueue("A").status, RunStatus::blocked);
  EXPECT_EQ(enqueue("B").status, RunStatus::queued);
}

TEST_F(Lanes, TheEndOfARunStartsTheNextInPriorityThenAgeOrder) {
  const Run first = enqueue("A", 10);
  const Run third = enqueue("A", 50);
  const Run fourth = enqueue("A", 50);
  const Run second = enqueue("A", 20);
  std::vector<RunId> order;
  for (int i = 0; i < 4; ++i) {
    const auto runs = claim();
    ASSERT_EQ(runs.size(), 1u);
    order.push_back(runs[0].claim.run);
    finish(runs[0].claim);
  }
  EXPECT_THAT(order, ElementsAre(first.id, second.id, third.id, fourth.id));
  EXPECT_TRUE(claim().empty());
  for (const RunId id : order)
    expect_dense(id);
  EXPECT_THAT(
      kinds(second.id), ElementsAre("run.queued", "run.queued", "run.started", "run.finished")
  );
  const auto told = events(second.id);
  EXPECT_EQ(told[0].data.at("status"), "blocked");
  EXPECT_EQ(told[1].data.at("status"), "queued");
  EXPECT_EQ(told[2].data.at("worker"), "w1");
  EXPECT_EQ(told[3].data.at("status"), "succeeded");
}

TEST_F(Lanes, AMoreUrgentNewcomerChangesPlacesWithAHeadThatHasNotBegun) {
  const Run patient = enqueue("A", 100);
  const Run urgent = enqueue("A", 1);
  EXPECT_EQ(urgent.status, RunStatus::queued);
  EXPECT_EQ(status(patient.id), RunStatus::blocked);
  EXPECT_EQ(claim_one().claim.run, urgent.id);
}

TEST_F(Lanes, ARunThatHasBegunKeepsItsLane) {
  const Run begun = enqueue("A", 100);
  EXPECT_EQ(enqueue("B", 100).status, RunStatus::queued);
  const ClaimedRun held = claim_one();
  ASSERT_EQ(held.claim.run, begun.id);
  EXPECT_EQ(enqueue("A", 1).status, RunStatus::blocked);
  loop.wait(queue.release(held.claim, "drain", {}));
  EXPECT_EQ(enqueue("A", 0).status, RunStatus::blocked) << "its checkout holds half of the work";
  EXPECT_EQ(claim_one().claim.run, begun.id);
}

TEST_F(Lanes, TheDatabaseItselfRefusesASecondActiveRun) {
  enqueue("A");
  EXPECT_THROW(
      db.psql("insert into ops.runs (session_id, lane, status) values (1, 'A', 'queued')"),
      std::runtime_error
  );
}

TEST_F(Lanes, AMoveThatTheTableForbidsIsRefused) {
  const Run run = enqueue("A");
  EXPECT_THROW(db.psql("update ops.runs set status = 'succeeded'"), std::runtime_error);
  EXPECT_EQ(status(run.id), RunStatus::queued);
}

TEST_F(Lanes, TheTableOfMovesIsTheModelsTable) {
  std::string expected;
  std::vector<std::string> moves;
  for (const auto& [from, to] : run_transitions()) {
    moves.push_back(std::string(to_string(from)) + "|" + std::string(to_string(to)));
  }
  std::sort(moves.begin(), moves.end());
  for (const std::string& move : moves)
    expected += move + "\n";
  EXPECT_EQ(
      db.psql(
          "select from_status || '|' || to_status collate \"C\" from ops.run_transitions order by 1"
      ) + "\n",
      expected
  );
}

TEST_F(Lanes, ADedupeKeyMakesTheSecondRunTheFirst) {
  NewRun run;
  run.session = session.id;
  run.lane = "A";
  run.dedupe_key = "once";
  const Run first = loop.wait(ledger.enqueue(run));
  run.lane = "B";
  EXPECT_EQ(loop.wait(ledger.enqueue(run)).id, first.id);
  EXPECT_EQ(db.psql("select count(*) from ops.runs"), "1");
}

TEST_F(Lanes, WhatCannotBeEnqueuedSaysWhy) {
  NewRun run;
  run.session = SessionId{99};
  const Failure missing = failure_of([&] { loop.wait(ledger.enqueue(run)); });
  EXPECT_EQ(missing.code(), Code::not_found);
  EXPECT_EQ(missing.message(), "session 99 does not exist");
  run.session = session.id;
  run.lane = "../evil";
  const Failure invalid = failure_of([&] { loop.wait(ledger.enqueue(run)); });
  EXPECT_EQ(invalid.code(), Code::invalid);
  EXPECT_EQ(invalid.message(), "'../evil' is not a lane name");
  EXPECT_FALSE(invalid.hint().empty());
}

/// Every run's events are numbered without gaps, whoever wrote them; nobody had to be undone.
void expect_good_books(const TestDatabase& db) {
  EXPECT_EQ(
      db.psql("select count(*) from (select run_id, seq, row_number() over"
              " (partition by run_id order by seq) as r from ops.run_events) x where seq <> r"),
      "0"
  );
  EXPECT_EQ(
      db.psql("select deadlocks from pg_stat_database where datname = current_database()"), "0"
  );
}

TEST_F(Lanes, EightWorkersNeverShareARunOrALane) {
  Crowd crowd(db.url(), session.id);
  constexpr int each = 60;
  for (unsigned i = 0; i < 4; ++i)
    crowd.go([&, i] { crowd.enqueue_some(i, each); });
  for (int i = 0; i < 8; ++i) {
    crowd.go([&, i] { crowd.work("w" + std::to_string(i), 4 * each); });
  }
  crowd.join();
  EXPECT_EQ(crowd.doubled, 0);
  EXPECT_EQ(crowd.overlaps, 0);
  EXPECT_EQ(crowd.lost, 0);
  EXPECT_EQ(
      db.psql("select status, attempt, count(*) from ops.runs group by 1, 2"), "succeeded|1|240"
  );
  expect_good_books(db);
}

TEST_F(Lanes, CancellationAndLostLeasesNeverStrandARun) {
  Crowd crowd(db.url(), session.id);
  constexpr int each = 60;
  for (unsigned i = 0; i < 2; ++i)
    crowd.go([&, i] { crowd.enqueue_some(i, each); });
  for (unsigned i = 0; i < 2; ++i)
    crowd.go([&, i] { crowd.disturb(i + 1, 2 * each); });
  for (int i = 0; i < 4; ++i) {
    crowd.go([&, i] { crowd.work("w" + std::to_string(i), 2 * each); });
  }
  crowd.join();
  EXPECT_EQ(crowd.doubled, 0);
  EXPECT_EQ(
      db.psql("select count(*) from ops.runs where status in ('succeeded', 'canceled')"), "120"
  );
  EXPECT_EQ(db.psql("select count(*) from ops.run_events where kind = 'run.finished'"), "120")
      << "each ended once";
  expect_good_books(db);
}

}  // namespace
}  // namespace opsroom::test

#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "store/database.hpp"
#include "store/pg_journal.hpp"
#include "store/pg_ledger.hpp"
#include "store/pg_run_queue.hpp"
#include "support/test_database.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <string>

namespace opsroom::test {

/// Runs coroutines to their end from ordinary test code; every wait has a deadline.
class Loop {
 public:
  template <class T>
  T wait(Task<T> task, std::chrono::seconds deadline = std::chrono::seconds(30)) {
    auto future = asio::co_spawn(context, std::move(task), asio::use_future);
    run_until(
        [&] { return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready; },
        deadline
    );
    return future.get();
  }

  template <class Condition>
  void run_until(Condition done, std::chrono::seconds deadline = std::chrono::seconds(30)) {
    const auto end = Clock::now() + deadline;
    while (!done()) {
      if (Clock::now() > end) throw std::runtime_error("the deadline of a test's wait passed");
      if (context.stopped()) context.restart();
      context.run_one_for(std::chrono::milliseconds(20));
    }
  }

  asio::io_context context{1};
};

inline store::DatabaseOptions options_for(const std::string& url, std::size_t connections = 2) {
  store::DatabaseOptions options;
  options.url = url;
  options.connections = connections;
  options.application_name = "opsroom test";
  return options;
}

/// The Failure that `action` throws; a test failure when it throws none.
template <class Action>
Failure failure_of(Action action) {
  try {
    action();
  } catch (const Failure& failure) {
    return failure;
  }
  ADD_FAILURE() << "no failure was thrown";
  return Failure(Code::internal, "none");
}

/// A migrated database with one session, and the store's parts over it.
class StoreTest : public testing::Test {
 protected:
  using Run = opsroom::Run;  // gtest has a private Run of its own
  Loop loop;
  TestDatabase db;
  store::Database database{options_for(db.url())};
  store::PgLedger ledger{database};
  store::PgJournal journal{database};
  store::PgRunQueue queue{database, std::chrono::seconds(30)};
  Session session = loop.wait(ledger.create_session(NewSession{"Test session", {}, {}, {}}));

  Run enqueue(std::string lane = "A", int priority = 100, std::string intent = "work") {
    NewRun run;
    run.session = session.id;
    run.lane = std::move(lane);
    run.priority = priority;
    run.intent = std::move(intent);
    run.runbook = "book";
    run.plan = Json{{"steps", Json::array()}};
    return loop.wait(ledger.enqueue(std::move(run)));
  }

  std::vector<ClaimedRun> claim(int count = 10, std::string worker = "w1") {
    return loop.wait(queue.claim(std::move(worker), count));
  }
  ClaimedRun claim_one(std::string worker = "w1") {
    auto runs = claim(1, std::move(worker));
    if (runs.size() != 1) throw std::runtime_error("nothing to claim");
    return runs.front();
  }

  RunStatus status(RunId id) { return loop.wait(ledger.run(id)).status; }
  std::vector<Event> events(RunId id, std::int64_t after = 0) {
    return loop.wait(ledger.events(id, after, 10'000));
  }
  std::vector<std::string> kinds(RunId id) {
    std::vector<std::string> all;
    for (const Event& event : events(id))
      all.push_back(event.kind);
    return all;
  }
  /// Numbered 1, 2, 3 … without gaps or overlaps.
  void expect_dense(RunId id) {
    std::int64_t next = 1;
    for (const Event& event : events(id)) {
      EXPECT_EQ(event.seq, next) << event.kind;
      next = event.last_seq() + 1;
    }
    EXPECT_EQ(
        db.psql("select ops.last_seq(" + std::to_string(id.value) + ")"), std::to_string(next - 1)
    );
  }

  void finish(const Claim& claim, RunStatus how = RunStatus::succeeded) {
    loop.wait(queue.finish(claim, RunEnd{how, {}, {}}, {}));
  }
  void let_lease_pass(RunId id) {
    db.psql(
        "update ops.runs set heartbeat_at = now() - interval '31 seconds' where id = " +
        std::to_string(id.value)
    );
  }

  static Event event(RunId run, std::int64_t seq, std::string kind, Json data = Json::object()) {
    Event made;
    made.run = run;
    made.seq = seq;
    made.kind = std::move(kind);
    made.at = now_iso8601();
    made.data = std::move(data);
    return made;
  }
  static Event log(RunId run, std::int64_t seq, std::vector<std::string> lines) {
    Event made = event(run, seq, "log", Json{{"stream", "stdout"}});
    made.step = "build";
    made.lines = std::move(lines);
    return made;
  }
  static Step step(int position, StepStatus status) {
    Step made;
    made.position = position;
    made.id = "s" + std::to_string(position);
    made.tool = "exec.run";
    made.status = status;
    made.arguments = Json{{"command", Json::array({"true"})}};
    return made;
  }
  void write_step(const Claim& claim, Step row, std::vector<Event> told = {}) {
    loop.wait(queue.write_step(claim, StepChange{std::move(row), std::move(told)}));
  }
};

}  // namespace opsroom::test

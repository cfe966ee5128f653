#include "integration/store/input_fixture.hpp"
#include "store/pg_wakeups.hpp"

namespace opsroom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Callbacks only from the test: the desk then looks by itself.
struct QuietWakeups : Wakeups {
  void on_queue(std::function<void()>) override {}
  void on_cancel(std::function<void(RunId)>) override {}
  void on_events(std::function<void(RunId)>) override {}
  void on_input(std::function<void(RunId)> callback) override { answered = std::move(callback); }
  std::function<void(RunId)> answered;
};

class LiveQuestions : public InputTest {
 protected:
  QuietWakeups wakeups;
  store::PgInputDesk desk{loop.context.get_executor(), database, wakeups};
  Stop stop{loop.context.get_executor()};
  Run run = enqueue("A");
  Run next = enqueue("A");
  ClaimedRun claimed = claim_one("w1");
  Claim held = claimed.claim;

  static LiveQuestion question(std::string key, Milliseconds limit = std::chrono::minutes(10)) {
    return LiveQuestion{1, "s1", "exec.run", ask(std::move(key)), limit};
  }
  std::future<InputReply> asking(LiveQuestion what) {
    auto task = desk.ask(held, std::move(what), stop);
    return asio::co_spawn(loop.context, std::move(task), asio::use_future);
  }
  static bool ready(const std::future<InputReply>& reply) {
    return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  InputReply reply_of(std::future<InputReply>& reply) {
    wakeups.answered(run.id);
    loop.run_until([&] { return ready(reply); });
    return reply.get();
  }
  InputRequest wait_for_question(const std::string& key) {
    std::optional<InputRequest> found;
    loop.run_until([&] {
      for (const InputRequest& open : loop.wait(ledger.inputs(run.id, true)))
        if (open.ask.key == key) found = open;
      return found.has_value();
    });
    return *found;
  }
};

TEST_F(LiveQuestions, TheRunWaitsWhileItsWorkerHoldsItAndGoesOnWithTheAnswer) {
  write_step(held, step(1, StepStatus::running), {event(run.id, 3, "step.started")});
  auto reply = asking(question("name"));
  const InputRequest asked = wait_for_question("name");
  EXPECT_TRUE(asked.live);
  EXPECT_TRUE(asked.expires_at.has_value());
  const Run waiting = loop.wait(ledger.run(run.id));
  EXPECT_EQ(waiting.status, RunStatus::waiting);
  EXPECT_EQ(waiting.claimed_by, "w1");
  EXPECT_TRUE(claim(1, "w2").empty());
  EXPECT_FALSE(loop.wait(queue.heartbeat("w1", {held}))[0].lost);
  EXPECT_EQ(
      db.psql(
          "select ops.heartbeat_run(" + std::to_string(run.id.value) + ", '" + held.token + "')"
      ),
      "t"
  );
  EXPECT_EQ(loop.wait(ledger.workers())[0].running, 1);
  // The owner numbers on without what others wrote.
  loop.wait(journal.append(held, {event(run.id, 4, "note"), log(run.id, 5, {"a", "b"})}));
  loop.wait(journal.append(held, {event(run.id, 4, "note"), log(run.id, 5, {"a", "b"})}));
  answer(asked.id);
  wakeups.answered(run.id);
  const InputReply got = reply_of(reply);
  EXPECT_EQ(got.action, InputAction::accept);
  EXPECT_EQ(got.content, (Json{{"name", "Ann"}}));
  EXPECT_EQ(status(run.id), RunStatus::running);
  write_step(held, step(1, StepStatus::succeeded), {event(run.id, 7, "step.finished")});
  loop.wait(queue.finish(held, RunEnd{RunStatus::succeeded, {}, {}}, {event(run.id, 8, "note")}));
  EXPECT_THAT(
      kinds(run.id),
      ElementsAre(
          "run.queued",
          "run.started",
          "step.started",
          "input.requested",
          "run.waiting",
          "note",
          "log",
          "input.answered",
          "run.resumed",
          "step.finished",
          "note",
          "run.finished"
      )
  );
  expect_dense(run.id);
}

TEST_F(LiveQuestions, AnAnswerIsFoundWithoutNews) {
  auto reply = asking(question("name"));
  answer(wait_for_question("name").id);
  loop.run_until([&] { return ready(reply); });
  EXPECT_EQ(reply.get().action, InputAction::accept);
}

TEST_F(LiveQuestions, NewsOfAnAnswerComesByNotification) {
  store::PgWakeups news(loop.context.get_executor(), options_for(db.url()));
  RunId heard;
  news.on_input([&](RunId answered) { heard = answered; });
  news.start();
  loop.run_until([&] {
    return db.psql(
               "select count(*) from pg_stat_activity where datname = current_database()"
               " and state = 'idle' and query ilike 'listen%ops_input%'"
           ) == "1";
  });
  auto reply = asking(question("name"));
  answer(wait_for_question("name").id);
  loop.run_until([&] { return heard == run.id; });
  reply_of(reply);
  loop.wait(news.stop());
}

TEST_F(LiveQuestions, TheRunWaitsUntilTheLastOfThemIsAnswered) {
  auto name = asking(question("name"));
  auto age = asking(question("age"));
  answer(wait_for_question("name").id);
  const InputRequest second = wait_for_question("age");
  wakeups.answered(run.id);
  reply_of(name);
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  answer(second.id);
  wakeups.answered(run.id);
  reply_of(age);
  EXPECT_EQ(status(run.id), RunStatus::running);
  expect_dense(run.id);
}

TEST_F(LiveQuestions, WithoutAnAnswerTheyExpire) {
  auto reply = asking(question("name", Milliseconds(300)));
  const InputId id = wait_for_question("name").id;
  EXPECT_EQ(reply_of(reply).action, InputAction::cancel);
  EXPECT_TRUE(loop.wait(ledger.input(id)).expired);
  EXPECT_EQ(db.psql("select status from ops.input_requests"), "expired");
  EXPECT_EQ(status(run.id), RunStatus::running);
  EXPECT_THAT(failure_of([&] { answer(id); }).message(), HasSubstr("has expired"));
  expect_dense(run.id);
}

TEST_F(LiveQuestions, AStopEndsThem) {
  auto reply = asking(question("name"));
  const InputId id = wait_for_question("name").id;
  stop.request(StopReason::canceled);
  EXPECT_EQ(reply_of(reply).action, InputAction::cancel);
  EXPECT_EQ(db.psql("select status from ops.input_requests"), "withdrawn");
  EXPECT_EQ(status(run.id), RunStatus::running);
  EXPECT_EQ(failure_of([&] { answer(id); }).code(), Code::conflict);
}

TEST_F(LiveQuestions, AnAskerThatIsCancelledWithdrawsItsQuestion) {
  auto task = desk.ask(held, question("name"), stop);
  std::future<bool> gone = asio::co_spawn(
      loop.context,
      within(
          Milliseconds(500),
          [](Task<InputReply> asked) -> Task<> { co_await std::move(asked); }(std::move(task))
      ),
      asio::use_future
  );
  loop.run_until([&] { return gone.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  );
  EXPECT_FALSE(gone.get());
  loop.run_until([&] {
    return db.psql("select count(*) from ops.input_requests where status = 'open'") == "0";
  });
  EXPECT_EQ(status(run.id), RunStatus::running);
}

TEST_F(LiveQuestions, ALostWorkersQuestionsAreWithdrawn) {
  write_step(held, step(1, StepStatus::running));
  auto reply = asking(question("name"));
  const InputId id = wait_for_question("name").id;
  let_lease_pass(run.id);
  const ClaimedRun again = claim_one("w2");
  EXPECT_EQ(again.claim.run, run.id);
  EXPECT_EQ(again.steps.at(0).status, StepStatus::interrupted);
  EXPECT_TRUE(again.inputs.empty());
  EXPECT_EQ(failure_of([&] { answer(id); }).code(), Code::conflict);
  wakeups.answered(run.id);
  loop.run_until([&] { return ready(reply); });
  EXPECT_THROW(reply.get(), LeaseLost);
  EXPECT_THROW(loop.wait(desk.ask(held, question("age"), stop)), LeaseLost);
  EXPECT_EQ(db.psql("select count(*) from ops.input_requests"), "1");
  expect_dense(run.id);
}

TEST_F(LiveQuestions, ARestartedWorkerTakesTheRunBack) {
  store::PgRunQueue restarted(database, std::chrono::seconds(30));
  auto reply = asking(question("name"));
  wait_for_question("name");
  loop.wait(restarted.register_worker("w1", 1));
  EXPECT_EQ(status(run.id), RunStatus::queued);
  EXPECT_TRUE(loop.wait(ledger.inputs(run.id, true)).empty());
  wakeups.answered(run.id);
  loop.run_until([&] { return ready(reply); });
  EXPECT_THROW(reply.get(), LeaseLost);
}

TEST_F(LiveQuestions, TheRunMayEndLieDownOrGoBackWhileItWaits) {
  const auto ask_and_wait = [this](const Claim& claim) {
    auto task = desk.ask(claim, question("name"), stop);
    auto reply = asio::co_spawn(loop.context, std::move(task), asio::use_future);
    loop.run_until([&] { return status(claim.run) == RunStatus::waiting; });
    return reply;
  };
  const auto expect_lost = [this](std::future<InputReply>& reply) {
    wakeups.answered(run.id);
    loop.run_until([&] { return ready(reply); });
    EXPECT_THROW(reply.get(), LeaseLost);
  };
  auto first = ask_and_wait(held);
  loop.wait(queue.release(held, "drain", {event(run.id, 3, "note")}));
  EXPECT_EQ(status(run.id), RunStatus::queued);
  expect_lost(first);
  const Claim second = claim_one().claim;
  auto again = ask_and_wait(second);
  suspend(second, {ask("age")});
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  EXPECT_EQ(loop.wait(ledger.inputs(run.id, true)).size(), 1u) << "the live one is withdrawn";
  expect_lost(again);
  answer(only_question(run.id));
  const Claim third = claim_one().claim;
  auto parked = ask_and_wait(third);
  loop.wait(queue.park(third, step(1, StepStatus::interrupted), "?", {}));
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  expect_lost(parked);
  loop.wait(ledger.answer(run.id, "retry", "ann"));
  const Claim fourth = claim_one().claim;
  auto last = ask_and_wait(fourth);
  finish(fourth);
  EXPECT_EQ(status(run.id), RunStatus::succeeded);
  EXPECT_TRUE(loop.wait(ledger.inputs(run.id, true)).empty());
  expect_lost(last);
  finish(fourth);
  EXPECT_EQ(status(next.id), RunStatus::queued);
  expect_dense(run.id);
}

TEST_F(LiveQuestions, CancelingIsToldToTheWorker) {
  auto reply = asking(question("name"));
  wait_for_question("name");
  const Run asked = loop.wait(ledger.cancel(run.id, "ann"));
  EXPECT_EQ(asked.status, RunStatus::waiting);
  EXPECT_TRUE(loop.wait(queue.heartbeat("w1", {held}))[0].cancel_requested);
  stop.request(StopReason::canceled);
  reply_of(reply);
  finish(held, RunStatus::canceled);
  EXPECT_EQ(status(run.id), RunStatus::canceled);
}

TEST_F(LiveQuestions, ADecisionIsRefused) {
  auto reply = asking(question("name"));
  const InputId id = wait_for_question("name").id;
  const Failure refused = failure_of([&] { loop.wait(ledger.answer(run.id, "retry", "ann")); });
  EXPECT_THAT(refused.message(), HasSubstr("waits for input"));
  answer(id);
  reply_of(reply);
}

TEST_F(LiveQuestions, WhileTheDatabaseIsAwayTheyAreWaitedFor) {
  auto reply = asking(question("name"));
  wait_for_question("name");
  TestCluster::shared().stop_server();
  wakeups.answered(run.id);
  loop.wait(pause_for(Milliseconds(50)));
  EXPECT_FALSE(ready(reply));
  TestCluster::shared().start_server();
  answer(wait_for_question("name").id);
  EXPECT_EQ(reply_of(reply).action, InputAction::accept);
}

TEST_F(LiveQuestions, ALimitThatPassesWhileTheDatabaseIsAwayEndsThem) {
  auto reply = asking(question("name", Milliseconds(700)));
  const InputId id = wait_for_question("name").id;
  TestCluster::shared().stop_server();
  EXPECT_EQ(reply_of(reply).action, InputAction::cancel);
  TestCluster::shared().start_server();
  EXPECT_THAT(failure_of([&] { answer(id); }).message(), HasSubstr("has expired"));
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  write_step(held, step(1, StepStatus::failed), {event(run.id, 3, "note")});
  EXPECT_EQ(status(run.id), RunStatus::running) << "nobody asks any more";
  expect_dense(run.id);
}

TEST_F(LiveQuestions, AreFencedAndItIsTheFenceThatRefuses) {
  const std::string id = std::to_string(run.id.value);
  const std::string stale = "'11111111-1111-1111-1111-111111111111'";
  const std::string ask_it =
      "select id from ops.ask_live(" + id + ", " + stale + ", 1, 's1', 't', 'k', 'm', '{}', 60000)";
  const std::string suspend_it =
      "select ops.suspend_run(" + id + ", " + stale +
      R"(, '{"position": 1, "id": "s1", "tool": "t", "status": "waiting"}', '[]', 1000, 'why'))";
  db.psql(
      "select ops.ask_live(" + id +
      ", claim_token, 1, 's1', 't', 'q', 'm', '{}', 60000)"
      " from ops.runs where id = " +
      id
  );
  const std::string close_it = "select ops.close_live(" + id + ", " + stale + ", 1, 'withdrawn')";
  for (const std::string& write : {ask_it, close_it, suspend_it}) {
    EXPECT_THROW(db.psql(write), std::runtime_error) << write;
  }
  EXPECT_EQ(db.psql("select count(*) from ops.input_requests where status = 'open'"), "1");
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  db.psql(
      "create or replace function ops.hold_run(run bigint, token uuid) returns ops.runs language "
      "sql"
      " as 'select * from ops.runs x where x.id = run'"
  );
  for (const std::string& write : {ask_it, close_it, suspend_it})
    db.psql(write);
  EXPECT_EQ(db.psql("select count(*) from ops.input_requests"), "2");
}

TEST_F(LiveQuestions, OnlyAHeldRunThatWaitsMayRun) {
  auto reply = asking(question("name"));
  wait_for_question("name");
  EXPECT_THROW(
      db.psql("update ops.runs set status = 'succeeded' where id = 1"), std::runtime_error
  );
  stop.request(StopReason::canceled);
  reply_of(reply);
  suspend(held, {ask("age")});
  EXPECT_THROW(finish(held), LeaseLost);
  EXPECT_THROW(write_step(held, step(1, StepStatus::running)), LeaseLost);
}

}  // namespace
}  // namespace opsroom::test

#include "integration/store/fixture.hpp"
#include "store/pg_wakeups.hpp"

#include <pqxx/result>
#include <pqxx/row>
#include <pqxx/transaction_base>

#include <set>
#include <signal.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Outage : public StoreTest {};

TEST_F(Outage, AStoppedServerIsToldQuicklyAndAStartedOneWorksAgain) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  TestCluster::shared().stop_server();
  const auto before = Clock::now();
  const Failure away = failure_of([&] { loop.wait(ledger.run(run.id)); });
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(4));
  EXPECT_EQ(away.code(), Code::unavailable);
  EXPECT_TRUE(away.retryable());
  EXPECT_THAT(away.message(), HasSubstr("on socket /tmp/opsdb-"));
  EXPECT_FALSE(away.hint().empty());
  EXPECT_FALSE(database.reachable());
  TestCluster::shared().start_server();
  EXPECT_EQ(loop.wait(ledger.run(run.id)).status, RunStatus::running);
  EXPECT_TRUE(database.reachable());
  finish(held);
}

TEST_F(Outage, AConnectionThatWasCutIsReplacedUnseen) {
  const Run run = enqueue();
  for (int i = 0; i < 3; ++i) {
    db.psql(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opsroom "
        "test'"
    );
    EXPECT_EQ(loop.wait(ledger.run(run.id)).id, run.id);
  }
}

TEST_F(Outage, AConnectionThatBreaksBeforeTheCommitIsNoticedAndTheWorkRunAgain) {
  int tries = 0;
  auto cut_at_first = [&](pqxx::transaction_base& tx) {
    const std::string backend = tx.exec1("select pg_backend_pid()")[0].c_str();
    if (++tries == 1) db.psql("select pg_terminate_backend(" + backend + ")");
    tx.exec("insert into ops.settings (name, value) values ('cut', 'once')");
  };
  loop.wait(database.transaction(cut_at_first));
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(db.psql("select count(*) from ops.settings where name = 'cut'"), "1");
}

TEST_F(Outage, ACommitOfUnknownOutcomeIsNotRepeatedByItself) {
  int tries = 0;
  auto cut_before_commit = [&](pqxx::transaction_base& tx) {
    ++tries;
    const std::string backend = tx.exec1("select pg_backend_pid()")[0].c_str();
    db.psql("select pg_terminate_backend(" + backend + ")");
  };
  const Failure doubt = failure_of([&] { loop.wait(database.transaction(cut_before_commit)); });
  EXPECT_EQ(tries, 1);
  EXPECT_TRUE(doubt.retryable()) << "whoever knows that repeating does no harm may repeat it";
  EXPECT_THAT(doubt.message(), HasSubstr("the outcome is not known"));
}

TEST_F(Outage, AClaimOfUnknownOutcomeIsMadeGoodByTheNextOne) {
  enqueue("A");
  enqueue("B");
  db.psql(
      "create function die() returns trigger language plpgsql as $$ begin"
      " perform pg_terminate_backend(pg_backend_pid()); return null; end $$;"
      "create constraint trigger die after update on ops.runs deferrable initially deferred"
      " for each row execute function die()"
  );
  EXPECT_THROW(claim(1), Failure);
  db.psql("drop trigger die on ops.runs");
  EXPECT_EQ(claim(1).size(), 1u);
  EXPECT_EQ(claim(5).size(), 1u) << "the batch was used up";
}

TEST_F(Outage, AFrozenServerIsGivenUpAfterADeadline) {
  store::DatabaseOptions options = options_for(db.url(), 1);
  options.transaction_timeout = std::chrono::milliseconds(500);
  store::Database impatient(options);
  int backend = 0;
  auto freeze = [&backend](pqxx::transaction_base& tx) {
    backend = tx.exec1("select pg_backend_pid()")[0].as<int>();
    ::kill(backend, SIGSTOP);
    tx.exec("select 1");
  };
  const auto before = Clock::now();
  const Failure frozen = failure_of([&] { loop.wait(impatient.transaction(freeze)); });
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(9));
  EXPECT_EQ(frozen.code(), Code::unavailable);
  EXPECT_TRUE(frozen.retryable());
  loop.wait(impatient.check());
  ::kill(backend, SIGCONT);
}

TEST_F(Outage, AStatementThatTakesTooLongIsATimeout) {
  store::DatabaseOptions options = options_for(db.url(), 1);
  options.statement_timeout = std::chrono::milliseconds(100);
  store::Database impatient(options);
  auto sleep = [](pqxx::transaction_base& tx) { tx.exec("select pg_sleep(10)"); };
  const Failure slow = failure_of([&] { loop.wait(impatient.transaction(sleep)); });
  EXPECT_EQ(slow.code(), Code::timeout);
  EXPECT_TRUE(slow.retryable());
  loop.wait(impatient.check());
}

TEST_F(Outage, ATransactionThatLostAgainstAnotherIsRunAgain) {
  int tries = 0;
  auto unlucky = [&tries](pqxx::transaction_base& tx) {
    if (++tries < 3) tx.exec("do $$ begin raise exception using errcode = '40001'; end $$");
    return tx.exec1("select 7")[0].as<int>();
  };
  EXPECT_EQ(loop.wait(database.transaction(unlucky)), 7);
  EXPECT_EQ(tries, 3);
  auto hopeless = [](pqxx::transaction_base& tx) {
    tx.exec("do $$ begin raise exception using errcode = '40P01'; end $$");
  };
  const Failure failure = failure_of([&] { loop.wait(database.transaction(hopeless)); });
  EXPECT_EQ(failure.code(), Code::unavailable);
  EXPECT_TRUE(failure.retryable());
}

TEST_F(Outage, WrongPlacesAreToldApart) {
  const auto why = [this](const std::string& url) {
    store::Database wrong(options_for(url));
    return failure_of([&] { loop.wait(wrong.check()); });
  };
  std::string url = db.url();
  const Failure database_missing = why(TestCluster::shared().url("nowhere"));
  EXPECT_THAT(database_missing.message(), HasSubstr("database 'nowhere' on socket"));
  EXPECT_THAT(database_missing.message(), HasSubstr("does not exist"));
  EXPECT_FALSE(database_missing.retryable());
  const Failure role_missing = why(db.url("nobody"));
  EXPECT_THAT(role_missing.message(), HasSubstr("nobody"));
  EXPECT_FALSE(role_missing.retryable());
  const Failure nobody_there = why("postgresql://ann:secret@127.0.0.1:1/ops");
  EXPECT_THAT(nobody_there.message(), HasSubstr("database 'ops' on 127.0.0.1:1"));
  EXPECT_THAT(nobody_there.message(), Not(HasSubstr("secret")));
  EXPECT_TRUE(nobody_there.retryable());
  const Failure malformed =
      failure_of([] { store::Database wrong(options_for("postgresql:/ann:secret@x")); });
  EXPECT_EQ(malformed.code(), Code::invalid);
  EXPECT_THAT(malformed.message(), Not(HasSubstr("secret")));
}

class News : public StoreTest {
 protected:
  store::PgWakeups wakeups{loop.context.get_executor(), options_for(db.url())};
  int queue_news = 0;
  std::set<std::int64_t> canceled;
  std::set<std::int64_t> told;

  void SetUp() override {
    wakeups.on_queue([this] { ++queue_news; });
    wakeups.on_cancel([this](RunId run) { canceled.insert(run.value); });
    wakeups.on_events([this](RunId run) { told.insert(run.value); });
    wakeups.start();
    loop.run_until([&] { return listeners() == "1"; });
  }
  void TearDown() override { loop.wait(wakeups.stop()); }

  std::string listeners() {
    return db.psql(
        "select count(*) from pg_stat_activity where application_name like '%(listening)'"
        " and datname = current_database() and state = 'idle' and query ilike 'listen%ops_input%'"
    );
  }
};

TEST_F(News, OfTheQueueOfCancellationAndOfEventsArrive) {
  const Run run = enqueue();
  loop.run_until([&] { return queue_news > 0 && told.contains(run.id.value); });
  const Claim held = claim_one().claim;
  told.clear();
  loop.wait(journal.append(held, {event(run.id, 3, "note")}));
  loop.run_until([&] { return told.contains(run.id.value); });
  loop.wait(ledger.cancel(run.id, "ann"));
  loop.run_until([&] { return canceled.contains(run.id.value); });
  const Run next = enqueue();
  ASSERT_EQ(next.status, RunStatus::blocked);
  const int before = queue_news;
  finish(held, RunStatus::canceled);
  loop.run_until([&] { return queue_news > before; });
}

TEST_F(News, ComeAgainAfterAnOutage) {
  const int before = queue_news;
  TestCluster::shared().stop_server();
  EXPECT_THROW(loop.wait(database.check()), Failure);
  TestCluster::shared().start_server();
  loop.run_until([&] { return queue_news > before; });
  EXPECT_EQ(queue_news, before + 1) << "told once: something may have been missed";
  const Run run = enqueue();
  loop.run_until([&] { return told.contains(run.id.value); });
}

TEST_F(News, OfCancellationsMissedInAnOutageAreCaughtUpWith) {
  const Run run = enqueue();
  claim_one();
  const Run other = enqueue("B");
  claim_one();
  // Without a notification, as if it had gone by while nobody listened.
  db.psql("update ops.runs set canceled_at = now() where id = " + std::to_string(run.id.value));
  db.psql(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like "
      "'%(listening)' and datname = current_database()"
  );
  loop.run_until([&] { return canceled.contains(run.id.value); });
  EXPECT_FALSE(canceled.contains(other.id.value));
}

TEST_F(News, StoppingWorksWhileTheServerIsAway) {
  TestCluster::shared().stop_server();
  EXPECT_THROW(loop.wait(database.check()), Failure);
  loop.wait(wakeups.stop(), std::chrono::seconds(10));
  TestCluster::shared().start_server();
}

}  // namespace
}  // namespace opsroom::test

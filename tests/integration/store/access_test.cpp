#include "integration/store/fixture.hpp"
#include "store/migrator.hpp"
#include "store/pg_credentials.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;

class OriginalQueries : public StoreTest {};

TEST_F(OriginalQueries, WorkVerbatim) {
  const Run run = enqueue("A");
  claim_one("worker-1");
  EXPECT_EQ(
      db.psql("select distinct claimed_by, count(*) from ops.runs where status = 'running' group "
              "by claimed_by;"),
      "worker-1|1"
  );
  EXPECT_THAT(
      db.psql("select id, status, lane, claimed_by, claimed_at, heartbeat_at from ops.runs order "
              "by created_at desc limit 20;"),
      HasSubstr("|running|A|worker-1|20")
  );
  const std::string stuck =
      "select id, claimed_by, heartbeat_at, extract(epoch from (now() - heartbeat_at)) as "
      "seconds_since_heartbeat "
      "from ops.runs where status = 'running' and heartbeat_at < now() - interval '10 seconds';";
  EXPECT_EQ(db.psql(stuck), "");
  let_lease_pass(run.id);
  EXPECT_THAT(db.psql(stuck), HasSubstr("|worker-1|"));
  EXPECT_EQ(db.psql("select proname from pg_proc where proname = 'claim_runs';"), "claim_runs");
  EXPECT_EQ(
      db.psql(
          "select id, lane, session_id, claimed_by, heartbeat_at, canceled_at from ops.runs limit 0"
      ),
      ""
  );
}

TEST(Publication, CarriesTheFiveTables) {
  TestDatabase db;
  EXPECT_EQ(
      db.psql("select schemaname || '.' || tablename from pg_publication_tables where pubname = "
              "'supabase_realtime' order by 1"),
      "ops.artifacts\nops.run_events\nops.run_steps\nops.runs\nops.sessions"
  );
}

TEST(Publication, AnExistingOneIsCompleted) {
  TestDatabase db(TestDatabase::Content::empty);
  db.psql(
      "create table mine (id int primary key); create publication supabase_realtime for table mine"
  );
  store::Migrator(db.url(), migrations_directory()).up();
  EXPECT_EQ(
      db.psql("select count(*) from pg_publication_tables where pubname = 'supabase_realtime'"), "6"
  );
}

/// A database migrated where the roles of a Supabase project exist.
class Roles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    TestDatabase db(TestDatabase::Content::empty);
    db.psql(
        "create role anon login; create role authenticated login; create role service_role login "
        "bypassrls"
    );
  }
  static void TearDownTestSuite() {
    TestDatabase db(TestDatabase::Content::empty);
    db.psql("drop role anon; drop role authenticated; drop role service_role");
  }
  void SetUp() override {
    store::Migrator(db.url(), migrations_directory()).up();
    db.psql("select ops.create_session('S')");
  }
  void expect_denied(const std::string& sql, const std::string& role) {
    try {
      db.psql(sql, role);
      ADD_FAILURE() << role << " may: " << sql;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("permission denied"));
    }
  }

  TestDatabase db{TestDatabase::Content::empty};
};

TEST_F(Roles, AnonMayNothingUntilItIsGranted) {
  db.psql("select ops.enqueue_run(1, 'A')");
  expect_denied("select * from ops.claim_runs('w', 1)", "anon");
  expect_denied("select count(*) from ops.runs", "anon");
  expect_denied("select ops.enqueue_run(1, 'A')", "anon");
  db.psql("grant execute on function ops.claim_runs to anon;");
  EXPECT_EQ(db.psql("select id, status from ops.claim_runs('w', 1)", "anon"), "1|running");
}

TEST_F(Roles, AuthenticatedMayReadEnqueueAndCancel) {
  EXPECT_EQ(
      db.psql(
          "select status from ops.enqueue_run(1, 'A', 'deploy', priority => 1)", "authenticated"
      ),
      "queued"
  );
  EXPECT_EQ(db.psql("select status from ops.cancel_run(1)", "authenticated"), "canceled");
  for (const char* table :
       {"sessions", "lanes", "runs", "run_steps", "run_events", "artifacts", "blobs", "workers"}) {
    db.psql(std::string("select count(*) from ops.") + table, "authenticated");
  }
  db.psql("select id, params, status, answered_by from ops.input_requests", "authenticated");
  expect_denied("select content from ops.input_requests", "authenticated");
  expect_denied("select count(*) from ops.audit_log", "authenticated");
  expect_denied("select ops.prune_audit(now())", "authenticated");
  expect_denied("select count(*) from ops.api_tokens", "authenticated");
  expect_denied("select * from ops.claim_runs('w', 1)", "authenticated");
  expect_denied("select ops.finish_runs('[]')", "authenticated");
  expect_denied("update ops.runs set priority = 1", "authenticated");
  expect_denied("insert into ops.sessions (title, slug) values ('x', 'x')", "authenticated");
}

TEST_F(Roles, AuthenticatedMayAnswerQuestions) {
  db.psql("select ops.enqueue_run(1, 'A'); select ops.claim_runs('w', 1)");
  db.psql(
      "select ops.suspend_run(id, claim_token, '{\"position\": 1, \"id\": \"s\", \"tool\": "
      "\"t\", \"status\": \"waiting\"}', '[{\"key\": \"k\", \"method\": \"m\"}]', null, "
      "'asks') from ops.runs"
  );
  EXPECT_EQ(
      db.psql("select status from ops.answer_input(1, 'decline', who => 'ann')", "authenticated"),
      "answered"
  );
  EXPECT_EQ(db.psql("select status from ops.runs"), "queued");
  expect_denied("select ops.close_live(1, gen_random_uuid(), 1, 'expired')", "authenticated");
}

TEST_F(Roles, ServiceRoleMayCallEveryFunctionAndChangeNothingElse) {
  EXPECT_EQ(
      db.psql("select count(*) from pg_proc where pronamespace = 'ops'::regnamespace and not "
              "has_function_privilege('service_role', oid, 'execute')"),
      "0"
  );
  EXPECT_EQ(
      db.psql(
          "select id from ops.enqueue_run(1, 'A'); select status from ops.claim_runs('w', 1)",
          "service_role"
      ),
      "1\nrunning"
  );
  EXPECT_EQ(db.psql("select count(*) from ops.audit_log", "service_role"), "0");
  expect_denied("update ops.runs set priority = 1", "service_role");
  expect_denied("delete from ops.audit_log", "service_role");
  expect_denied("select count(*) from ops.api_tokens", "service_role");
}

TEST_F(Roles, ThePublicMayCallNothing) {
  EXPECT_EQ(
      db.psql("select count(*) from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', "
              "p.proowner))) a "
              "where p.pronamespace = 'ops'::regnamespace and a.grantee = 0"),
      "0"
  );
}

TEST(RolesMadeLater, GetTheirRightsByOneCall) {
  TestDatabase db;
  db.psql("create role authenticated login");
  db.psql("select ops.grant_roles()");
  EXPECT_EQ(db.psql("select count(*) from ops.runs", "authenticated"), "0");
  db.psql("drop owned by authenticated; drop role authenticated");
}

TEST(OrdinaryRole, WithTheDocumentedGrantsRunsEverything) {
  TestDatabase db;
  db.psql(
      "create role ordinary login; grant usage on schema ops to ordinary;"
      "grant select on all tables in schema ops to ordinary;"
      "grant insert, update, delete on ops.api_tokens to ordinary;"
      "grant execute on all functions in schema ops to ordinary;"
  );
  {
    Loop loop;
    store::Database database(options_for(db.url("ordinary"), 1));
    store::PgLedger ledger(database);
    store::PgRunQueue queue(database, std::chrono::seconds(30));
    store::PgJournal journal(database);
    store::PgCredentials credentials(database);
    NewRun wanted;
    wanted.session = loop.wait(ledger.create_session(NewSession{"S", {}, {}, {}})).id;
    const opsroom::Run run = loop.wait(ledger.enqueue(wanted));
    loop.wait(queue.register_worker("w", 1));
    const Claim held = loop.wait(queue.claim("w", 1)).at(0).claim;
    EXPECT_FALSE(loop.wait(queue.heartbeat("w", {held})).at(0).lost);
    loop.wait(journal.put_artifact(
        held, ArtifactDraft{"s", "file", "f", "text/plain", "x", Json::object()}
    ));
    loop.wait(queue.finish(held, RunEnd{RunStatus::succeeded, {}, {}}, {}));
    EXPECT_EQ(loop.wait(ledger.events(run.id, 0, 10)).size(), 3u);
    EXPECT_EQ(loop.wait(ledger.workers()).size(), 1u);
    loop.wait(credentials.add(
        "token", std::string(64, 'b'), Identity{"a", "admin", ""}, std::chrono::seconds(9)
    ));
  }
  db.psql("drop owned by ordinary; drop role ordinary");
}

class CredentialStore : public StoreTest {
 protected:
  store::PgCredentials credentials{database};
  const std::string digest = std::string(64, 'a');
  void add(std::string kind, std::chrono::seconds lifetime) {
    loop.wait(credentials.add(std::move(kind), digest, Identity{"ann", "admin", "csrf"}, lifetime));
  }
};

TEST_F(CredentialStore, FindsWhatIsAliveOfThatKind) {
  add("token", std::chrono::seconds::max());
  const auto found = loop.wait(credentials.find("token", digest));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "ann");
  EXPECT_EQ(found->role, "admin");
  EXPECT_EQ(found->csrf_sha256, "csrf");
  EXPECT_FALSE(loop.wait(credentials.find("browser", digest)).has_value());
  add("token", std::chrono::seconds(60));
  loop.wait(credentials.revoke("token", digest));
  EXPECT_FALSE(loop.wait(credentials.find("token", digest)).has_value());
}

TEST_F(CredentialStore, ALoginCodeWorksOnce) {
  add("login", std::chrono::seconds(60));
  EXPECT_TRUE(loop.wait(credentials.redeem_login(digest)).has_value());
  EXPECT_FALSE(loop.wait(credentials.redeem_login(digest)).has_value());
}

TEST_F(CredentialStore, ExpiredOnesAreDead) {
  add("browser", std::chrono::seconds(-1));
  add("login", std::chrono::seconds(-1));
  EXPECT_FALSE(loop.wait(credentials.find("browser", digest)).has_value());
  EXPECT_FALSE(loop.wait(credentials.redeem_login(digest)).has_value());
}

}  // namespace
}  // namespace opsroom::test

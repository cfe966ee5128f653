#include "integration/sdk/mcp_process.hpp"
#include "mute_proxy.hpp"
#include "support/test_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Sql : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("DATABASE_URL", database_.url().c_str(), 1);
    process_ = std::make_unique<McpProcess>(runner(plugin("sql")), directory_.path());
    process_->open_legacy();
  }
  json call(const std::string& tool, const std::string& statement, json more = json::object()) {
    more["sql"] = statement;
    return process_->call(tool, more);
  }
  json query(const std::string& statement, json more = json::object()) {
    const json result = call("query", statement, std::move(more));
    EXPECT_FALSE(result.contains("isError")) << result;
    return result["structuredContent"];
  }
  json execute(const std::string& statement, json more = json::object()) {
    const json result = call("execute", statement, std::move(more));
    EXPECT_FALSE(result.contains("isError")) << result;
    return result["structuredContent"];
  }
  std::string refusal(
      const std::string& tool, const std::string& statement, json more = json::object()
  ) {
    const json result = call(tool, statement, std::move(more));
    EXPECT_EQ(result.value("isError", false), true) << result;
    return text_of(result);
  }
  void put(const std::string& name, const std::string& text) {
    fs::create_directories((directory_.path() / name).parent_path());
    std::ofstream(directory_.path() / name) << text;
  }
  json migrate(json more = json::object()) {
    more["directory"] = "db";
    return process_->call("migrate", more);
  }
  /// Waits until a statement of this text runs on the server.
  void runs(const std::string& text) {
    ASSERT_TRUE(eventually([&] {
      return database_.psql(
                 "select count(*) from pg_stat_activity where state = 'active' and pid <> "
                 "pg_backend_pid() and query like '%" +
                 text + "%'"
             ) == "1";
    }));
  }
  void nothing_runs(const std::string& text) {
    EXPECT_TRUE(eventually([&] {
      return database_.psql(
                 "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and query "
                 "like '%" +
                 text + "%'"
             ) == "0";
    }));
  }

  TestDatabase database_{TestDatabase::Content::empty};
  TempDir directory_;
  std::unique_ptr<McpProcess> process_;
};

}  // namespace

TEST_F(Sql, ValuesBecomeJson) {
  const json data = query(
      "select 1::int2 as a, -2::int4 as b, 9007199254740993::int8 as c, 0.5::float8 as d, "
      "'NaN'::float4 as e, 12.50::numeric as f, true as g, null as h, 'x\u00e4'::text as i, "
      "'{\"k\": [1]}'::jsonb as j, '\\x00ff01'::bytea as k, date '2026-02-03' as l"
  );
  EXPECT_EQ(
      data["rows"],
      json::array(
          {{{"a", 1},
            {"b", -2},
            {"c", 9007199254740993},
            {"d", 0.5},
            {"e", "NaN"},
            {"f", "12.50"},
            {"g", true},
            {"h", nullptr},
            {"i", "x\u00e4"},
            {"j", {{"k", {1}}}},
            {"k", "AP8B"},
            {"l", "2026-02-03"}}}
      )
  );
  EXPECT_EQ(data["columns"].size(), 12U);
  EXPECT_EQ(data["row_count"], 1);
  EXPECT_EQ(query("select 1 as a, 2 as b where false")["columns"], json({"a", "b"}));
}

TEST_F(Sql, ParametersAreNeverPartOfTheStatement) {
  const json data = query(
      "select $1::text as a, $2::int as b, $3::bool as c, $4::text as d, $5::jsonb as e",
      {{"params", {"'; drop table x --", 7, false, nullptr, {{"k", "v"}}}}}
  );
  EXPECT_EQ(
      data["rows"][0],
      json(
          {{"a", "'; drop table x --"}, {"b", 7}, {"c", false}, {"d", nullptr}, {"e", {{"k", "v"}}}}
      )
  );
  EXPECT_THAT(
      refusal("query", "select $1::int", {{"params", {"x"}}}), HasSubstr("invalid input syntax")
  );
  EXPECT_THAT(refusal("query", "select $1", json::object()), HasSubstr("08P01"));
  EXPECT_THAT(refusal("query", "select 1; select 2"), HasSubstr("multiple commands"));
}

TEST_F(Sql, AStatementIsNotCutAtANul) {
  database_.psql("create table t as select generate_series(1, 3) as n");
  const std::string statement("delete from t\0 where n = 1", 26);
  EXPECT_THAT(refusal("execute", statement), HasSubstr("/sql: must not contain a NUL"));
  EXPECT_THAT(refusal("query", statement), HasSubstr("/sql: must not contain a NUL"));
  EXPECT_EQ(database_.psql("select count(*) from t"), "3");
}

TEST_F(Sql, AQueryMayOnlyRead) {
  database_.psql("create table t (n int)");
  EXPECT_THAT(refusal("query", "insert into t values (1)"), HasSubstr("read-only transaction"));
  EXPECT_THAT(refusal("query", "copy t to stdout"), HasSubstr("COPY from or to the client"));
  EXPECT_EQ(database_.psql("select count(*) from t"), "0");
}

TEST_F(Sql, RowsAreLimitedInNumberAndSize) {
  const json data = query("select generate_series(1, 100000000) as n", {{"max_rows", 3}});
  EXPECT_EQ(data["rows"], json::array({{{"n", 1}}, {{"n", 2}}, {{"n", 3}}}));
  EXPECT_EQ(data["truncated"], true);
  EXPECT_EQ(
      query("select n from generate_series(1, 3) as n", {{"max_rows", 3}})["truncated"], false
  );
  const json wide =
      query("select repeat('x', 100) as x from generate_series(1, 9)", {{"max_bytes", 250}});
  EXPECT_EQ(wide["row_count"], 2);
  EXPECT_EQ(wide["truncated"], true);
}

TEST_F(Sql, WhatPostgresRefusesIsTold) {
  EXPECT_THAT(
      refusal("query", "select 1,\n  nope from pg_class"),
      HasSubstr("column \"nope\" does not exist (42703) at line 2, column 3")
  );
  EXPECT_THAT(refusal("query", "select 1 as a, 2 as a"), HasSubstr("two columns are called \"a\""));
  EXPECT_THAT(
      refusal("query", "select pg_sleep(60)", {{"timeout_seconds", 0.05}}),
      HasSubstr("statement timeout")
  );
  EXPECT_THAT(
      refusal("query", "select 1", {{"connection", "NO_SUCH_URL"}}), HasSubstr("NO_SUCH_URL")
  );
}

TEST_F(Sql, AConnectionThatFailsDoesNotShowItsPassword) {
  ::setenv("WRONG_URL", "postgresql://me:s3cret-password@/nowhere?host=/tmp/no-such-socket", 1);
  process_ = std::make_unique<McpProcess>(runner(plugin("sql")), directory_.path());
  process_->open_legacy();
  const std::string text = refusal("query", "select 1", {{"connection", "WRONG_URL"}});
  EXPECT_THAT(text, HasSubstr("no connection to the database"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  ::setenv("ODD_URL", "host=/tmp password=s3cret-password nonsense", 1);
  process_ = std::make_unique<McpProcess>(runner(plugin("sql")), directory_.path());
  process_->open_legacy();
  EXPECT_THAT(refusal("query", "select 1", {{"connection", "ODD_URL"}}), Not(HasSubstr("s3cret")));
  // What libpq stumbles over is part of the password.
  ::setenv("BLANK_URL", "host=/tmp password=two s3cret", 1);
  ::setenv("PERCENT_URL", "postgresql://me:s3cret%zz@/nowhere", 1);
  process_ = std::make_unique<McpProcess>(runner(plugin("sql")), directory_.path());
  process_->open_legacy();
  for (const char* name : {"BLANK_URL", "PERCENT_URL"})
    EXPECT_THAT(
        refusal("query", "select 1", {{"connection", name}}),
        testing::AllOf(HasSubstr(name), HasSubstr("no connection string"), Not(HasSubstr("s3cret")))
    );
}

TEST_F(Sql, ExecuteChangesAndReturns) {
  EXPECT_EQ(execute("create table t (n int primary key, s text)")["command"], "CREATE TABLE");
  EXPECT_EQ(
      execute("insert into t select n, 'a' from generate_series(1, 5) n")["rows_affected"], 5
  );
  const json data =
      execute("update t set s = $1 where n > $2 returning n, s", {{"params", {"b", 3}}});
  EXPECT_EQ(data["rows_affected"], 2);
  EXPECT_EQ(data["rows"], json::array({{{"n", 4}, {"s", "b"}}, {{"n", 5}, {"s", "b"}}}));
  EXPECT_EQ(data["command"], "UPDATE");
  EXPECT_EQ(database_.psql("select count(*) from t where s = 'b'"), "2");
  EXPECT_EQ(execute("vacuum t", {{"transaction", false}})["command"], "VACUUM");
  EXPECT_THAT(refusal("execute", "vacuum t"), HasSubstr("cannot run inside a transaction block"));
}

TEST_F(Sql, WhatExecuteReturnsIsLimitedAndYetDone) {
  database_.psql("create table t (n int)");
  const json data =
      execute("insert into t select generate_series(1, 5000) returning n", {{"max_rows", 2}});
  EXPECT_EQ(data["rows"], json::array({{{"n", 1}}, {{"n", 2}}}));
  EXPECT_EQ(data["truncated"], true);
  EXPECT_EQ(data["rows_affected"], 5000);
  EXPECT_EQ(database_.psql("select count(*) from t"), "5000");
}

TEST_F(Sql, AStatementLargerThanTheSocketTakesIsSent) {
  const std::string large(20'000'000, 'x');
  const json data = query("select length($1) as n", {{"params", {large}}});
  EXPECT_EQ(data["rows"], json::array({{{"n", 20'000'000}}}));
}

TEST_F(Sql, JsonBeyondJsonsNumbersIsText) {
  const json data = query("select '[1e400]'::json as a, '{\"k\": 1}'::jsonb as b");
  EXPECT_EQ(data["rows"][0], json({{"a", "[1e400]"}, {"b", {{"k", 1}}}}));
}

TEST_F(Sql, WhatAffectsOtherRowsThanExpectedIsUndone) {
  database_.psql("create table t as select n from generate_series(1, 5) n");
  EXPECT_THAT(
      refusal("execute", "delete from t", {{"expect_rows", 1}}),
      HasSubstr("would affect 5 rows where 1 are expected; nothing was changed")
  );
  EXPECT_EQ(database_.psql("select count(*) from t"), "5");
  EXPECT_EQ(execute("delete from t where n = 1", {{"expect_rows", 1}})["rows_affected"], 1);
  EXPECT_THAT(refusal("execute", "commit"), HasSubstr("has ended its transaction itself"));
}

TEST_F(Sql, ACancelReallyCancelsTheStatement) {
  const int id = process_->start(
      "query", {{"sql", "select 'cancel me', pg_sleep(600)"}, {"timeout_seconds", 600}}
  );
  runs("cancel me");
  process_->cancel(id);
  nothing_runs("cancel me");
  database_.psql("create table t (n int)");
  const int change = process_->start(
      "execute",
      {{"sql", "insert into t select 1 from (select pg_sleep(600)) as cancelled"},
       {"timeout_seconds", 600}}
  );
  runs("as cancelled");
  process_->cancel(change);
  nothing_runs("as cancelled");
  EXPECT_EQ(database_.psql("select count(*) from t"), "0");
  process_->close_stdin();
  EXPECT_EQ(process_->wait(), 0) << process_->errors();
}

TEST_F(Sql, ACancelIsHeardThoughTheNetworkIsDead) {
  const std::string url = database_.url();
  const std::size_t host = url.find("host=") + 5;
  const std::string directory = url.substr(host, url.find('&', host) - host);
  MuteProxy proxy(directory + "/.s.PGSQL.5432");
  const std::string name = database_.psql("select current_database()");
  const std::string there = "postgresql://postgres@127.0.0.1:" + std::to_string(proxy.port()) +
                            "/" + name + "?sslmode=disable&gssencmode=disable";
  ::setenv("DATABASE_URL", there.c_str(), 1);
  McpProcess server(runner(plugin("sql")), directory_.path());
  server.open_legacy();
  const int id = server.start(
      "query", {{"sql", "select 'dead network', pg_sleep(600)"}, {"timeout_seconds", 600}}
  );
  runs("dead network");
  proxy.fall_silent();
  const std::size_t before = proxy.left();
  server.cancel(id);
  // The statement's connection and that of its cancel, which nobody answered.
  EXPECT_TRUE(eventually([&] { return proxy.left() > before; }));
  proxy.speak_again();
  EXPECT_EQ(text_of(server.call("query", {{"sql", "select 1 as n"}})), "1 row");
}

TEST_F(Sql, MigrationsAreAppliedOnceAndInOrder) {
  put("db/002_second.sql", "insert into t values (2);\ninsert into t values (3);\n");
  put("db/001_first.sql", "create table t (n int); -- one\n");
  put("db/readme.txt", "not SQL");
  EXPECT_EQ(
      migrate({{"dry_run", true}})["structuredContent"],
      json(
          {{"applied", json::array()},
           {"pending", {"001_first.sql", "002_second.sql"}},
           {"known", 0}}
      )
  );
  EXPECT_EQ(database_.psql("select to_regclass('schema_migrations') is null"), "t");
  const json first = migrate();
  ASSERT_FALSE(first.contains("isError")) << first;
  EXPECT_EQ(first["structuredContent"]["applied"], json({"001_first.sql", "002_second.sql"}));
  EXPECT_EQ(database_.psql("select count(*) from t"), "2");
  put("db/003_third.sql", "insert into t values (4)");
  EXPECT_EQ(
      migrate()["structuredContent"],
      json({{"applied", {"003_third.sql"}}, {"pending", json::array()}, {"known", 2}})
  );
  EXPECT_EQ(migrate()["structuredContent"]["applied"], json::array());
  EXPECT_EQ(
      database_.psql(
          "select string_agg(name || length(checksum), ' ' order by name) from schema_migrations"
      ),
      "001_first.sql64 002_second.sql64 003_third.sql64"
  );
}

TEST_F(Sql, AHistoryThatDoesNotFitIsRefused) {
  put("db/002.sql", "create table t (n int)");
  migrate();
  put("db/002.sql", "create table t (n bigint)");
  EXPECT_THAT(text_of(migrate()), HasSubstr("002.sql was changed after it had been applied"));
  put("db/002.sql", "create table t (n int)");
  put("db/001.sql", "select 1");
  EXPECT_THAT(text_of(migrate()), HasSubstr("001.sql sorts before 002.sql"));
  fs::remove(directory_.path() / "db/002.sql");
  EXPECT_THAT(
      text_of(migrate()), HasSubstr("002.sql was applied to this database, but the file is missing")
  );
}

TEST_F(Sql, AMigrationThatFailsLeavesNothingOfItself) {
  put("db/1.sql", "create table a (n int)");
  put("db/2.sql", "create table b (n int);\nnonsense");
  put("db/3.sql", "create table c (n int)");
  const json result = migrate();
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(
      text_of(result),
      HasSubstr("2.sql: syntax error at or near \"nonsense\" (42601) at line 2, column 1")
  );
  EXPECT_EQ(
      database_.psql(
          "select to_regclass('a') is null, to_regclass('b') is null, to_regclass('c') is null"
      ),
      "f|t|t"
  );
  EXPECT_EQ(database_.psql("select name from schema_migrations"), "1.sql");
  put("db/2.sql",
      "create table b (n int primary key);"
      "create table d (n int references b deferrable initially deferred);"
      "insert into d values (1)");
  EXPECT_THAT(text_of(migrate()), HasSubstr("2.sql: insert or update on table \"d\" violates"));
  EXPECT_EQ(database_.psql("select name from schema_migrations"), "1.sql");
  put("db/2.sql", "create table b (n int); commit; begin");
  EXPECT_THAT(text_of(migrate()), HasSubstr("2.sql ends its transaction itself"));
}

TEST_F(Sql, TwoMigrationsAtOnceWaitForEachOther) {
  put("db/1.sql", "create table t (n int); select pg_sleep(0.2)");
  put("db/2.sql", "insert into t values (1)");
  McpProcess other(runner(plugin("sql")), directory_.path());
  other.open_legacy();
  const int here = process_->start("migrate", {{"directory", "db"}});
  const int there = other.start("migrate", {{"directory", "db"}});
  const json a = process_->answer(here)["result"]["structuredContent"];
  const json b = other.answer(there)["result"]["structuredContent"];
  EXPECT_EQ(a["applied"].size() + b["applied"].size(), 2U) << a << b;
  EXPECT_EQ(database_.psql("select count(*) from t"), "1");
}

TEST_F(Sql, AMigrationDoesNotWaitForEverForAnother) {
  put("db/1.sql", "select 'long one', pg_sleep(600)");
  const int id = process_->start("migrate", {{"directory", "db"}, {"timeout_seconds", 600}});
  runs("long one");
  McpProcess other(runner(plugin("sql")), directory_.path());
  other.open_legacy();
  EXPECT_THAT(
      text_of(other.call("migrate", {{"directory", "db"}, {"lock_seconds", 0.1}})),
      HasSubstr("another migration still runs")
  );
  process_->cancel(id);
  nothing_runs("long one");
}

TEST_F(Sql, NoticesAreLogged) {
  process_->legacy("logging/setLevel", {{"level", "info"}});
  execute("do $$ begin raise notice 'hello from the server'; end $$");
  EXPECT_THAT(process_->logged("execute"), HasSubstr("hello from the server"));
}

TEST_F(Sql, OnlyExecuteIsSaidNotToBeRepeatable) {
  const json tools = process_->legacy("tools/list")["result"]["tools"];
  for (const json& each : tools)
    EXPECT_EQ(each["annotations"]["idempotentHint"], each["name"] != "execute");
}

}  // namespace opsroom::test

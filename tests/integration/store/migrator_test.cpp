#include "store/migrator.hpp"

#include "integration/store/fixture.hpp"

#include <cstdlib>
#include <fstream>
#include <thread>

namespace opsroom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Migrations : public testing::Test {
 protected:
  Migrations() {
    std::string name = "/tmp/opsroom-migrations-XXXXXX";
    directory = ::mkdtemp(name.data());
  }
  ~Migrations() override { std::filesystem::remove_all(directory); }
  void write(const std::string& name, const std::string& sql) const {
    std::ofstream(directory / name) << sql;
  }
  store::Migrator migrator() const { return store::Migrator(db.url(), directory); }

  TestDatabase db{TestDatabase::Content::empty};
  std::filesystem::path directory;
};

TEST_F(Migrations, AreAppliedOnceAndInOrder) {
  write("0002_second.sql", "insert into t values (2)");
  write("0001_first.sql", "create table t (n int); insert into t values (1)");
  EXPECT_THAT(migrator().up(), ElementsAre("0001_first", "0002_second"));
  EXPECT_THAT(migrator().up(), ElementsAre());
  write("0003_third.sql", "insert into t values (3)");
  auto states = migrator().status();
  ASSERT_EQ(states.size(), 3u);
  EXPECT_THAT(states[1].applied_at, testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  EXPECT_EQ(states[2].applied_at, "");
  EXPECT_THAT(migrator().up(), ElementsAre("0003_third"));
  EXPECT_EQ(db.psql("select string_agg(n::text, ',' order by n) from t"), "1,2,3");
}

TEST_F(Migrations, AChangedOrMissingOldFileIsRefusedByName) {
  write("0001_first.sql", "create table t (n int)");
  write("0002_second.sql", "insert into t values (2)");
  migrator().up();
  write("0001_first.sql", "create table t (n bigint)");
  const Failure changed = failure_of([&] { migrator().up(); });
  EXPECT_EQ(changed.code(), Code::conflict);
  EXPECT_THAT(changed.message(), HasSubstr("0001_first was changed"));
  EXPECT_EQ(failure_of([&] { migrator().status(); }).code(), Code::conflict);
  std::filesystem::remove(directory / "0001_first.sql");
  EXPECT_THAT(failure_of([&] { migrator().up(); }).message(), HasSubstr("0001_first"));
}

TEST_F(Migrations, ADatabaseNewerThanTheFilesIsRefused) {
  write("0001_first.sql", "create table t (n int)");
  write("0002_second.sql", "select 1");
  migrator().up();
  std::filesystem::remove(directory / "0002_second.sql");
  EXPECT_THAT(
      failure_of([&] { migrator().up(); }).message(),
      HasSubstr("newer than this opsroom: it has migration 0002_second")
  );
}

TEST_F(Migrations, AFailingOneIsNamedAndLeavesNothingBehind) {
  write("0001_first.sql", "create table t (n int)");
  write("0002_second.sql", "create table u (n int); insert into nowhere values (1)");
  const Failure failed = failure_of([&] { migrator().up(); });
  EXPECT_THAT(failed.message(), HasSubstr("0002_second failed and was undone"));
  EXPECT_EQ(db.psql("select to_regclass('t') is not null, to_regclass('u') is null"), "t|t");
}

TEST_F(Migrations, TwoMigratorsAtOnceApplyEachFileOnce) {
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) {
    names.push_back("000" + std::to_string(i) + "_n");
    write(
        names.back() + ".sql",
        i == 1 ? "create table t (n int)" : "insert into t values (" + std::to_string(i) + ")"
    );
  }
  std::vector<std::string> first;
  std::vector<std::string> second;
  std::thread other([&] { second = migrator().up(); });
  first = migrator().up();
  other.join();
  first.insert(first.end(), second.begin(), second.end());
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, names);
  EXPECT_EQ(db.psql("select count(*) from t"), "4");
}

TEST_F(Migrations, TheRealOnesApplyTwice) {
  store::Migrator real(db.url(), migrations_directory());
  EXPECT_FALSE(real.up().empty());
  EXPECT_TRUE(real.up().empty());
}

TEST_F(Migrations, ADatabaseWithoutThemSaysWhatToDo) {
  Loop loop;
  store::Database database(options_for(db.url()));
  store::PgLedger ledger(database);
  const Failure failure = failure_of([&] { loop.wait(ledger.runs({})); });
  EXPECT_EQ(failure.code(), Code::unavailable);
  EXPECT_THAT(failure.message(), HasSubstr("is not migrated"));
  EXPECT_THAT(failure.hint(), HasSubstr("opsroom migrate up"));
  store::PgRunQueue queue(database, std::chrono::seconds(30));
  EXPECT_THAT(
      failure_of([&] { loop.wait(queue.claim("w", 1)); }).message(), HasSubstr("is not migrated")
  );
}

}  // namespace
}  // namespace opsroom::test

#include "store/migration_plan.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

namespace opsroom::store {
namespace {

using testing::HasSubstr;

class MigrationFiles : public testing::Test {
 protected:
  MigrationFiles() {
    std::string name = "/tmp/opsroom-plan-XXXXXX";
    directory = ::mkdtemp(name.data());
  }
  ~MigrationFiles() override { std::filesystem::remove_all(directory); }
  void write(const std::string& name, const std::string& sql) const {
    std::ofstream(directory / name) << sql;
  }
  std::string refusal() const {
    try {
      read_migrations(directory);
    } catch (const Failure& failure) {
      return failure.message();
    }
    return "accepted";
  }
  std::filesystem::path directory;
};

TEST_F(MigrationFiles, AreReadInOrderWithTheirChecksums) {
  write("0002_b.sql", "two");
  write("0001_a.sql", "one");
  write("README.md", "not a migration");
  const auto files = read_migrations(directory);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].name, "0001_a");
  EXPECT_EQ(files[0].version, 1);
  EXPECT_EQ(files[0].sql, "one");
  EXPECT_EQ(files[1].checksum.size(), 64u);
}

TEST_F(MigrationFiles, WithOddNamesOrDoubleNumbersAreRefused) {
  EXPECT_THAT(refusal(), HasSubstr("there are no migrations in"));
  write("0001_a.sql", "");
  write("0001_b.sql", "");
  EXPECT_EQ(refusal(), "migrations 0001_a and 0001_b have the same number");
  std::filesystem::remove(directory / "0001_b.sql");
  write("2_b.sql", "");
  EXPECT_THAT(refusal(), HasSubstr("2_b.sql is not a migration's name"));
}

TEST_F(MigrationFiles, InADirectoryThatIsNotThereAreAFailureNamingIt) {
  std::filesystem::remove_all(directory);
  EXPECT_THAT(refusal(), HasSubstr(directory.string()));
}

Migration old(int version, std::string name, std::string checksum) {
  return Migration{version, std::move(name), std::move(checksum)};
}

std::vector<MigrationFile> files() {
  std::vector<MigrationFile> all(2);
  static_cast<Migration&>(all[0]) = old(1, "0001_a", "x");
  static_cast<Migration&>(all[1]) = old(2, "0002_b", "y");
  return all;
}

std::string refusal_of(const std::vector<Migration>& applied) {
  try {
    pending_migrations(applied, files());
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::conflict);
    return failure.message();
  }
  return "accepted";
}

TEST(PendingMigrations, AreThoseAfterTheAppliedOnes) {
  EXPECT_EQ(pending_migrations({}, files()), 2u);
  EXPECT_EQ(pending_migrations({old(1, "0001_a", "x")}, files()), 1u);
  EXPECT_EQ(pending_migrations({old(1, "0001_a", "x"), old(2, "0002_b", "y")}, files()), 0u);
}

TEST(PendingMigrations, RefuseHistoryThatIsNotTheirs) {
  EXPECT_THAT(refusal_of({old(1, "0001_a", "z")}), HasSubstr("0001_a was changed"));
  EXPECT_THAT(refusal_of({old(2, "0002_b", "y")}), HasSubstr("0002_b where the files have 0001_a"));
  EXPECT_THAT(
      refusal_of({old(1, "0001_a", "x"), old(2, "0002_b", "y"), old(3, "0003_c", "z")}),
      HasSubstr("newer than this opsroom: it has migration 0003_c")
  );
}

}  // namespace
}  // namespace opsroom::store

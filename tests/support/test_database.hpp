#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace opsroom::test {

/// A private PostgreSQL cluster, one for the whole test executable: made when first used, unix
/// socket only, under an unprivileged user when the test runs as root. It is stopped and removed
/// when the process ends, however it ends.
class TestCluster {
 public:
  static TestCluster& shared();
  ~TestCluster();
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  /// URL of a database, for the cluster's superuser or another role (no password is asked for).
  std::string url(const std::string& database, const std::string& user = "postgres") const;

  /// For outages: stops at once, as a crash would; starts and waits until it answers.
  void stop_server();
  void start_server();
  /// The server's first process, for signals.
  int server_pid() const;

 private:
  TestCluster();
  friend class TestDatabase;
  /// A migrated database to copy from; made when first asked for.
  const std::string& migrated_template();

  std::filesystem::path directory_;
  std::string template_;
  int lifeline_ = -1;  ///< the cleaner waits for its end
  int cleaner_ = -1;
};

/// A fresh database, migrated (or empty), dropped when destroyed.
class TestDatabase {
 public:
  enum class Content { migrated, empty };
  explicit TestDatabase(Content content = Content::migrated);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  std::string url(const std::string& user = "postgres") const;

  /// Runs SQL in psql and returns what it prints: unaligned, without headings, fields separated by
  /// '|', without the last line break. Throws std::runtime_error with psql's words on an error.
  std::string psql(const std::string& sql, const std::string& user = "postgres") const;

 private:
  std::string name_;
};

/// The migrations of the source tree.
std::filesystem::path migrations_directory();

}  // namespace opsroom::test

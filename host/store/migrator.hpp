#pragma once

#include "store/migration_plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace opsroom::store {

struct MigrationState {
  std::string name;
  std::string applied_at;  ///< ISO 8601 UTC; empty: not yet
};

/// Brings a database to the state of the migration files: each in a transaction of its own, under
/// an advisory lock, so that any number of migrators may run at once. It blocks; any thread.
/// Failures as connect() and pending_migrations() say; a migration that fails is named and leaves
/// nothing behind.
class Migrator {
 public:
  Migrator(std::string url, std::filesystem::path directory);

  /// Applies what is missing and returns the names of it.
  std::vector<std::string> up();

  /// Every migration, applied or not, in order. Changes nothing.
  std::vector<MigrationState> status();

 private:
  std::string url_;
  std::filesystem::path directory_;
};

}  // namespace opsroom::store

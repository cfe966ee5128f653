#pragma once

#include "ports/server_memory.hpp"
#include "store/database.hpp"

namespace opsroom::store {

/// What is remembered of tool servers, in ops.tool_servers; forgotten when 90 days old.
class PgServerMemory final : public ServerMemory {
 public:
  /// `database` outlives it.
  explicit PgServerMemory(Database& database) : database_(database) {}

  Task<std::optional<std::string>> era(std::string fingerprint) override;
  Task<> remember_era(std::string fingerprint, std::string title, std::string era) override;
  Task<> forget(std::string fingerprint) override;
  Task<std::string> state_key() override;

 private:
  Database& database_;
};

}  // namespace opsroom::store

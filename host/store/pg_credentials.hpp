#pragma once

#include "ports/credentials.hpp"
#include "store/database.hpp"

namespace opsroom::store {

/// Credentials in ops.api_tokens. Adding one that exists renews it; expired ones are swept on the
/// way.
class PgCredentials final : public Credentials {
 public:
  explicit PgCredentials(Database& database) : database_(database) {}

  Task<> add(std::string kind, std::string sha256, Identity identity, std::chrono::seconds lifetime)
      override;
  Task<std::optional<Identity>> find(std::string kind, std::string sha256) override;
  Task<std::optional<Identity>> redeem_login(std::string sha256) override;
  Task<> revoke(std::string kind, std::string sha256) override;

 private:
  Database& database_;
};

}  // namespace opsroom::store

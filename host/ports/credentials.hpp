#pragma once

#include "base/async.hpp"

#include <optional>
#include <string>

namespace opsroom {

/// Who a credential speaks for. Secrets themselves are never stored, only their SHA-256.
struct Identity {
  std::string name;
  std::string role;         ///< admin, worker
  std::string csrf_sha256;  ///< browser sessions only: the value unsafe requests must prove
};

/// Credentials in ops.api_tokens. Io thread only.
class Credentials {
 public:
  virtual ~Credentials() = default;

  /// Stores a new credential: kind is `token` (API, CLI), `login` (one-time code) or `browser`.
  virtual Task<> add(
      std::string kind, std::string sha256, Identity identity, std::chrono::seconds lifetime
  ) = 0;

  /// Looks up a live credential of `kind`.
  virtual Task<std::optional<Identity>> find(std::string kind, std::string sha256) = 0;

  /// Uses up a one-time login code; nullopt when it is unknown, used or expired.
  virtual Task<std::optional<Identity>> redeem_login(std::string sha256) = 0;

  virtual Task<> revoke(std::string kind, std::string sha256) = 0;
};

}  // namespace opsroom

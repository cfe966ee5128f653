#pragma once

#include <pqxx/connection>

#include <chrono>
#include <memory>
#include <string>

namespace opsroom::store {

/// Where a DATABASE_URL leads, with our defaults filled in where it says nothing: a connect
/// timeout, keepalives and a limit for unanswered data, so that a dead network is noticed within 15
/// seconds.
struct ConnectionTarget {
  std::string conninfo;  ///< for libpq; holds the password, so it is never shown
  std::string place;     ///< for messages: "database 'ops' on db.example:5432"
};

/// Failure{invalid} when `url` is neither a postgresql:// URL nor a key=value string.
ConnectionTarget connection_target(const std::string& url, const std::string& application_name);

/// Connects, or throws a Failure that tells an unreachable server (retryable) from a refused login,
/// a missing database or role (not retryable). Blocks for at most the connect timeout.
std::unique_ptr<pqxx::connection> connect(
    const ConnectionTarget& target, std::chrono::milliseconds statement_timeout
);

}  // namespace opsroom::store

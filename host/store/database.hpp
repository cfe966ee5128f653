#pragma once

#include "base/async.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace pqxx {
class transaction_base;
}

namespace opsroom::store {

struct DatabaseOptions {
  std::string url;              ///< postgresql://... or key=value
  std::size_t connections = 4;  ///< opened when first needed
  std::string application_name = "opsroom";
  std::chrono::milliseconds statement_timeout{15'000};
  /// A transaction that takes longer has met a server that is frozen, not slow: its connection is
  /// cut.
  std::chrono::milliseconds transaction_timeout{30'000};
};

/// A pool of blocking connections behind one awaitable. A transaction runs as a whole on a pool
/// thread; a connection that broke is thrown away, and a transaction that lost against another one,
/// or whose connection broke before the commit, is run again: so its function must have no effect
/// but on the database and its own result.
///
/// Failures: {unavailable, retryable} when the server cannot be reached; {unavailable} when it
/// refuses the login, has no such database or is not migrated; LeaseLost when a function of the
/// database says that a claim is not held any more; {exhausted}, {timeout}, {not_found},
/// {conflict}, {invalid} as the database says. Io thread only; outlive every transaction.
class Database {
 public:
  /// Opens nothing yet. Failure{invalid} for a malformed URL.
  explicit Database(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `function(pqxx::transaction_base&)` in a transaction, commits, and returns its result.
  template <class Function>
  Task<std::invoke_result_t<Function&, pqxx::transaction_base&>> transaction(Function function) {
    using Result = std::invoke_result_t<Function&, pqxx::transaction_base&>;
    if constexpr (std::is_void_v<Result>) {
      Body body = [&function](pqxx::transaction_base& tx) { function(tx); };
      co_await run(std::move(body));
    } else {
      std::optional<Result> result;
      Body body = [&function, &result](pqxx::transaction_base& tx) {
        result.emplace(function(tx));
      };
      co_await run(std::move(body));
      co_return std::move(*result);
    }
  }

  /// Returns when the server answers; throws the Failure that says why it does not.
  Task<> check();

  /// Whether the last use found the server answering. Any thread.
  bool reachable() const noexcept;

  /// "database 'ops' on db.example:5432": for messages.
  const std::string& place() const noexcept;

 private:
  using Body = std::function<void(pqxx::transaction_base&)>;
  struct Pool;

  Task<> run(Body body);

  std::unique_ptr<Pool> pool_;
};

}  // namespace opsroom::store

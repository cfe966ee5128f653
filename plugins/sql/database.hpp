#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <libpq-fe.h>
#include <memory>
#include <opsroom/tool.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace opsroom::plugins::sql {

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

/// What PostgreSQL refused, in its words, with SQLSTATE, place and hint.
class SqlError : public std::runtime_error {
 public:
  SqlError(const std::string& text, std::string state)
      : std::runtime_error(text), state_(std::move(state)) {}
  /// Five letters, such as "57014"; empty when the connection broke.
  const std::string& state() const noexcept { return state_; }

 private:
  std::string state_;
};

/// Positional parameters as PostgreSQL takes them: texts and nulls.
using Parameters = std::vector<std::optional<std::string>>;

/// One connection for one call. A cancel of the call, and the deadline, cancel the statement that
/// runs on the server. Not for several threads.
class Database {
 public:
  /// Throws std::runtime_error without the password when there is no connection within 15 s,
  /// tool::Cancelled.
  Database(const std::string& conninfo, const tool::Call& call);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// From here on no statement may run longer, as the server counts; 0 is refused. For the whole
  /// session.
  void limit_statements(std::chrono::milliseconds most);

  /// One statement; its rows come at once. Throws SqlError, tool::Cancelled.
  Result run(const std::string& statement, const Parameters& parameters = {});
  /// One statement, row by row: `row` says whether more are wanted; if not, the statement is
  /// cancelled on the server, which also ends its transaction. Returns the last result, or the row
  /// that was one too many.
  Result stream(
      const std::string& statement,
      const Parameters& parameters,
      const std::function<bool(const PGresult&)>& row
  );
  /// Any number of statements in one text.
  void run_script(const std::string& script);

  bool in_transaction() const;
  /// A name as it is written in SQL; "a.b" becomes "a"."b".
  std::string quoted(const std::string& name) const;

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  using Connection = std::unique_ptr<PGconn, Finish>;
  using Clock = std::chrono::steady_clock;

  Connection start_connecting(const std::string& conninfo, Clock::time_point deadline) const;
  void open(const std::string& conninfo);
  /// Waits for one of poll()'s events at the socket and returns which; tool::Cancelled after
  /// telling the server, SqlError when it is late.
  short wait(short events, Clock::time_point deadline);
  void send(const std::string& statement, const Parameters& parameters);
  /// Brings what was sent to the server.
  void flush(const std::string& statement);
  Result next(Clock::time_point deadline);
  /// The last of all results. Throws the first error.
  Result last(const std::string& statement, Clock::time_point deadline);
  void cancel_statement() noexcept;
  Clock::time_point statement_deadline() const;
  [[noreturn]] void refuse(const PGresult* result, const std::string& statement) const;

  const tool::Call& call_;
  Connection connection_;
  std::chrono::milliseconds most_{60000};
};

}  // namespace opsroom::plugins::sql

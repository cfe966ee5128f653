#include "tools.hpp"

#include <charconv>

namespace opsroom::plugins::sql {
namespace {

std::int64_t affected(PGresult* result) {
  const std::string_view text = PQcmdTuples(result);
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

/// "UPDATE" of "UPDATE 3".
std::string command_of(PGresult* result) {
  const std::string text = PQcmdStatus(result);
  const std::size_t number = text.find_first_of("0123456789");
  std::string word = text.substr(0, number);
  word.erase(word.find_last_not_of(' ') + 1);
  return word;
}

void check_count(const ExecuteArgs& args, std::int64_t count) {
  if (!args.expect_rows || *args.expect_rows == count) return;
  throw std::runtime_error(
      "it would affect " + std::to_string(count) + " rows where " +
      std::to_string(*args.expect_rows) + " are expected; nothing was changed"
  );
}

void commit(Database& database) {
  try {
    const Result end = database.run("commit");
    // A transaction that had failed answers a commit with a rollback, and calls it no error.
    if (std::string_view(PQcmdStatus(end.get())) != "COMMIT")
      throw std::runtime_error("the transaction was rolled back: nothing was changed");
  } catch (const SqlError& error) {
    if (!error.state().empty()) throw;
    throw std::runtime_error(
        std::string(error.what()) +
        "; it broke while committing: look whether the change is there before it is made again"
    );
  }
}

}  // namespace

tool::Outcome<ExecuteResult> execute(const ExecuteArgs& args, tool::Call& call) {
  if (args.expect_rows && !args.transaction)
    throw tool::BadArguments("/expect_rows", "needs a transaction, which could be undone");
  const auto began = std::chrono::steady_clock::now();
  check_statement(args.sql);
  const Parameters parameters = parameters_of(args.params);
  const auto database = connect(args, call);
  if (args.transaction) database->run("begin");
  Gathering gathering(args.max_rows, args.max_bytes);
  // Row by row, since RETURNING may give more than fits the memory.
  const Result result = database->stream(args.sql, parameters, [&](const PGresult& row) {
    if (!gathering.truncated) gathering.take(row);
    return true;
  });
  ExecuteResult made;
  made.rows_affected = affected(result.get());
  made.command = command_of(result.get());
  check_count(args, made.rows_affected);
  gathering.name_columns(*result);
  if (args.transaction) {
    if (!database->in_transaction())
      throw std::runtime_error(
          "the statement has ended its transaction itself: leave BEGIN, COMMIT and ROLLBACK to "
          "execute, or set transaction to false"
      );
    commit(*database);
  }
  made.columns = std::move(gathering.columns);
  made.rows = std::move(gathering.rows);
  made.truncated = gathering.truncated;
  const auto took = std::chrono::steady_clock::now() - began;
  made.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  std::string text = made.command + ": " + std::to_string(made.rows_affected) +
                     (made.rows_affected == 1 ? " row" : " rows");
  return {std::move(made), std::move(text)};
}

}  // namespace opsroom::plugins::sql

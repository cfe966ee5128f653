#include "base/text.hpp"
#include "store/pg_run_queue.hpp"
#include "store/rows.hpp"

#include <pqxx/transaction_base>

// Of the queue: tasks of servers that outlived their runs.

namespace opsroom::store {
namespace {

constexpr double lease_seconds = 120;

std::optional<std::string> word_of(TaskCancelEnd::Outcome outcome) {
  switch (outcome) {
    case TaskCancelEnd::Outcome::canceled:
      return "canceled";
    case TaskCancelEnd::Outcome::gone:
      return "gone";
    case TaskCancelEnd::Outcome::failed:
      return "failed";
    case TaskCancelEnd::Outcome::again:
      break;
  }
  return std::nullopt;
}

TaskCancel cancel_of(pqxx::transaction_base& tx, const pqxx::row& claimed) {
  TaskCancel cancel;
  cancel.token = text(claimed["token"]);
  cancel.tries = claimed["tries"].as<int>();
  const auto run = claimed["run_id"].as<std::int64_t>();
  cancel.run = run_from(
      tx.exec_params1("select " + run_columns("r") + " from ops.runs r where r.id = $1", run)
  );
  cancel.session = session_from(tx.exec_params1(
      "select " + session_columns("s") + " from ops.sessions s where s.id = $1",
      cancel.run.session.value
  ));
  cancel.step = step_from(tx.exec_params1(
      "select " + step_columns("s") +
          " from ops.run_steps s where s.run_id = $1 and s.position = $2",
      run,
      claimed["position"].as<int>()
  ));
  return cancel;
}

}  // namespace

Task<std::vector<TaskCancel>> PgRunQueue::claim_task_cancels(std::string worker, int count) {
  auto body = [&](pqxx::transaction_base& tx) {
    const pqxx::result rows = tx.exec_params(
        "select run_id, position, token, tries from ops.claim_task_cancels($1, $2, $3)",
        worker,
        count,
        lease_seconds
    );
    std::vector<TaskCancel> cancels;
    for (const pqxx::row row : rows)
      cancels.push_back(cancel_of(tx, row));
    return cancels;
  };
  auto claiming = database_.transaction(std::move(body));
  co_return co_await std::move(claiming);
}

Task<> PgRunQueue::end_task_cancel(TaskCancel cancel, TaskCancelEnd end) {
  const std::optional<std::string> outcome = word_of(end.outcome);
  const std::string said = printable_utf8(end.said);
  const std::chrono::duration<double> pause = end.pause;
  const std::string calls = calls_text(end.calls);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.end_task_cancel($1, $2, $3::uuid, $4, $5, $6, $7::jsonb)",
        cancel.run.id.value,
        cancel.step.position,
        cancel.token,
        outcome,
        said,
        pause.count(),
        calls
    );
  };
  co_await database_.transaction(std::move(body));
}

}  // namespace opsroom::store

#include "store/pg_run_queue.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "store/rows.hpp"

#include <pqxx/transaction_base>

#include <map>

namespace opsroom::store {
namespace {

std::string ids_of(const std::vector<ClaimedRun>& runs) {
  return array_text(runs, [](const ClaimedRun& run) {
    return std::to_string(run.claim.run.value);
  });
}

ClaimedRun claimed_from(const pqxx::row& row) {
  ClaimedRun claimed;
  claimed.run = run_from(row);
  claimed.claim = Claim{claimed.run.id, claimed.run.attempt, text(row["claim_token"])};
  claimed.lane = claimed.run.lane;
  // Without its inputs a plan would do something else: then there is no plan, and the run fails.
  if (exact_json(row["inputs"])) claimed.plan = json(row["plan"]);
  claimed.cancel_requested = claimed.run.canceled_at.has_value();
  return claimed;
}

/// What the steps of these runs that were laid down have asked for, oldest first; also when the
/// round that began with the answers was interrupted, since it may be repeated.
void add_inputs(
    pqxx::transaction_base& tx, std::map<std::int64_t, ClaimedRun*>& by_id, const std::string& ids
) {
  const pqxx::result inputs = tx.exec_params(
      "select " + input_columns("i") +
          " from ops.run_steps s join ops.input_requests i on i.run_id = s.run_id"
          " and i.position = s.position and not i.live"
          " where s.run_id = any ($1::bigint[]) and s.resume <> 'null' order by i.attempt, i.id",
      ids
  );
  for (const pqxx::row row : inputs) {
    by_id.at(row["run_id"].as<std::int64_t>())->inputs.push_back(input_from(row));
  }
}

/// Session, steps, inputs and last event number of runs that were just claimed, in the same
/// transaction.
void complete(pqxx::transaction_base& tx, std::vector<ClaimedRun>& runs) {
  std::map<std::int64_t, ClaimedRun*> by_id;
  for (ClaimedRun& run : runs)
    by_id[run.claim.run.value] = &run;
  const std::string ids = ids_of(runs);

  const pqxx::result sessions = tx.exec_params(
      "select r.id as run_id, ops.last_seq(r.id) as last_seq, " + session_columns("s") +
          " from ops.runs r join ops.sessions s on s.id = r.session_id"
          " where r.id = any ($1::bigint[])",
      ids
  );
  for (const pqxx::row row : sessions) {
    ClaimedRun& run = *by_id.at(row["run_id"].as<std::int64_t>());
    run.session = session_from(row);
    run.last_seq = row["last_seq"].as<std::int64_t>();
  }
  const pqxx::result steps = tx.exec_params(
      "select " + step_columns("s") +
          " from ops.run_steps s where s.run_id = any ($1::bigint[]) order by s.run_id, s.position",
      ids
  );
  for (const pqxx::row row : steps) {
    by_id.at(row["run_id"].as<std::int64_t>())->steps.push_back(step_from(row));
  }
  add_inputs(tx, by_id, ids);
}

std::vector<ClaimedRun> claim_in(
    pqxx::transaction_base& tx, const std::string& worker, int count, const std::string& batch
) {
  const pqxx::result rows = tx.exec_params(
      "select " + run_columns("r") +
          ", r.claim_token, r.plan from ops.claim_runs($1, $2, $3::uuid) r",
      worker,
      count,
      batch
  );
  std::vector<ClaimedRun> runs = all(rows, claimed_from);
  if (!runs.empty()) complete(tx, runs);
  return runs;
}

}  // namespace

PgRunQueue::PgRunQueue(Database& database, std::chrono::seconds lease)
    : database_(database),
      lease_(lease),
      epoch_(random_hex(16)),
      writes_([&database](std::vector<const RunWrite*> writes) {
        return write_together(database, std::move(writes));
      }) {}

Task<> PgRunQueue::write(RunWrite what) {
  const RunId run = what.run;
  const std::size_t bytes = what.json.size();
  auto writing = writes_.commit(std::move(what), bytes);
  if (co_await std::move(writing) == WriteOutcome::lost) throw LeaseLost(run);
}

Task<> PgRunQueue::register_worker(std::string worker, int slots) {
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.register_worker($1, $2, $3, $4::uuid)", worker, slots, lease_.count(), epoch_
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<std::vector<ClaimedRun>> PgRunQueue::claim(std::string worker, int count) {
  std::string batch = std::exchange(batch_in_doubt_, {});
  if (batch.empty()) batch = random_hex(16);
  auto body = [&](pqxx::transaction_base& tx) { return claim_in(tx, worker, count, batch); };
  std::exception_ptr error;
  try {
    auto claiming = database_.transaction(std::move(body));
    co_return co_await std::move(claiming);
  } catch (...) {
    error = std::current_exception();
  }
  batch_in_doubt_ = batch;
  std::rethrow_exception(error);
}

Task<std::vector<Beat>> PgRunQueue::heartbeat(std::string worker, std::vector<Claim> claims) {
  const std::string ids =
      array_text(claims, [](const Claim& claim) { return std::to_string(claim.run.value); });
  const std::string tokens = array_text(claims, [](const Claim& claim) { return claim.token; });
  auto body = [&](pqxx::transaction_base& tx) {
    const pqxx::result rows = tx.exec_params(
        "select * from ops.heartbeat_runs($1, $2::bigint[], $3::uuid[])", worker, ids, tokens
    );
    std::vector<Beat> beats;
    for (const pqxx::row row : rows) {
      Beat beat;
      beat.run = {row["run_id"].as<std::int64_t>()};
      beat.lost = row["lost"].as<bool>();
      beat.cancel_requested = row["cancel_requested"].as<bool>();
      beats.push_back(beat);
    }
    return beats;
  };
  auto beating = database_.transaction(std::move(body));
  co_return co_await std::move(beating);
}

Task<> PgRunQueue::write_step(Claim claim, StepChange change) {
  RunWrite what{claim.run, false, {}};
  what.json = fmt::format(
      R"({{"run_id":{},"claim_token":{},"step":{},"events":{},"calls":{}}})",
      claim.run,
      json_text(claim.token),
      step_text(change.step),
      events_text(change.events),
      calls_text(change.calls)
  );
  co_await write(std::move(what));
}

Task<> PgRunQueue::finish(Claim claim, RunEnd end, std::vector<Event> events) {
  RunWrite what{claim.run, true, {}};
  what.json = fmt::format(
      R"({{"run_id":{},"claim_token":{},"status":{},"error":{},"hint":{},"events":{}}})",
      claim.run,
      json_text(claim.token),
      json_text(to_string(end.status)),
      json_text(printable_utf8(end.error)),
      json_text(printable_utf8(end.hint)),
      events_text(events)
  );
  co_await write(std::move(what));
}

Task<> PgRunQueue::release(Claim claim, std::string reason, std::vector<Event> events) {
  const std::string told = events_text(events);
  const std::string why = printable_utf8(reason);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.release_run($1, $2::uuid, $3, $4::jsonb)",
        claim.run.value,
        claim.token,
        why,
        told
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<> PgRunQueue::park(Claim claim, Step step, std::string question, std::vector<Event> events) {
  const std::string row = step_text(step);
  const std::string told = events_text(events);
  const std::string asked = printable_utf8(question);
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.park_run($1, $2::uuid, $3::jsonb, $4, $5::jsonb)",
        claim.run.value,
        claim.token,
        row,
        asked,
        told
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<> PgRunQueue::suspend(Claim claim, StepChange change, Suspension suspension) {
  change.step.status = StepStatus::waiting;
  change.step.resume = std::move(suspension.state);
  const std::string row = step_text(change.step);
  const std::string told = events_text(change.events);
  const std::string calls = calls_text(change.calls);
  const std::string asks = asks_text(suspension.asks);
  const std::string why = printable_utf8(suspension.why);
  std::optional<std::int64_t> look_again;
  if (suspension.look_again) look_again = suspension.look_again->count();
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params(
        "select ops.suspend_run($1, $2::uuid, $3::jsonb, $4::jsonb, $5, $6, $7::jsonb, $8::jsonb)",
        claim.run.value,
        claim.token,
        row,
        asks,
        look_again,
        why,
        told,
        calls
    );
  };
  co_await database_.transaction(std::move(body));
}

Task<> PgRunQueue::unregister_worker(std::string worker) {
  auto body = [&](pqxx::transaction_base& tx) {
    tx.exec_params("select ops.unregister_worker($1, $2::uuid)", worker, epoch_);
  };
  co_await database_.transaction(std::move(body));
}

}  // namespace opsroom::store

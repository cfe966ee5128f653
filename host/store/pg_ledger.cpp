#include "store/pg_ledger.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "store/rows.hpp"

#include <pqxx/binarystring>
#include <pqxx/transaction_base>

#include <algorithm>
#include <charconv>

namespace opsroom::store {
namespace {

using Tx = pqxx::transaction_base;

template <class Tag>
Failure missing(std::string_view what, Id<Tag> id) {
  return Failure(Code::not_found, fmt::format("{} {} does not exist", what, id));
}

int at_most(int limit, int most) {
  return std::clamp(limit, 1, most);
}

std::optional<std::int64_t> whole_number(const std::string& word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

Run run_by_id(Tx& tx, RunId id) {
  const pqxx::result rows =
      tx.exec_params("select " + run_columns("r") + " from ops.runs r where r.id = $1", id.value);
  if (rows.empty()) throw missing("run", id);
  return run_from(rows[0]);
}

Artifact artifact_by_id(Tx& tx, ArtifactId id) {
  const pqxx::result rows = tx.exec_params(
      "select " + artifact_columns("a") + " from ops.artifacts a where a.id = $1", id.value
  );
  if (rows.empty()) throw missing("artifact", id);
  return artifact_from(rows[0]);
}

/// Conditions with their parameters, numbered as they come.
struct Where {
  std::string text;
  std::vector<std::string> values;

  void add(std::string_view condition, std::string value) {
    values.push_back(std::move(value));
    text += values.size() == 1 ? " where " : " and ";
    text += fmt::format("{} ${}", condition, values.size());
  }
};

Where conditions(const RunFilter& filter) {
  Where where;
  if (filter.session) where.add("r.session_id =", std::to_string(filter.session->value));
  if (filter.lane) where.add("r.lane =", printable_utf8(*filter.lane));
  if (filter.status) where.add("r.status =", std::string(to_string(*filter.status)));
  if (filter.before) where.add("r.id <", std::to_string(filter.before->value));
  return where;
}

void stop_at_gap(std::vector<Event>& events, std::int64_t after) {
  std::int64_t expected = after + 1;
  const auto gap = std::find_if(events.begin(), events.end(), [&](const Event& event) {
    if (event.seq > expected) return true;
    expected = event.last_seq() + 1;
    return false;
  });
  events.erase(gap, events.end());
}

}  // namespace

Task<Session> PgLedger::create_session(NewSession session) {
  auto body = [&](Tx& tx) {
    return session_from(tx.exec_params1(
        "select " + session_columns("s") + " from ops.create_session($1, $2, $3, $4) s",
        printable_utf8(session.title),
        printable_utf8(session.intent),
        printable_utf8(session.repository),
        printable_utf8(session.base)
    ));
  };
  auto creating = database_.transaction(std::move(body));
  co_return co_await std::move(creating);
}

Task<std::vector<Session>> PgLedger::sessions(int limit) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + session_columns("s") + " from ops.sessions s order by s.id desc limit $1",
        at_most(limit, 1000)
    );
    return all(rows, session_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<Session> PgLedger::session(SessionId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + session_columns("s") + " from ops.sessions s where s.id = $1", id.value
    );
    if (rows.empty()) throw missing("session", id);
    return session_from(rows[0]);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::optional<Session>> PgLedger::find_session(std::string id_slug_or_title) {
  const std::string word = printable_utf8(id_slug_or_title);
  const std::int64_t id = whole_number(word).value_or(0);
  auto body = [&](Tx& tx) -> std::optional<Session> {
    const pqxx::result rows = tx.exec_params(
        "select " + session_columns("s") +
            " from ops.sessions s where s.id = $1 or s.slug = $2 or s.title = $2"
            " order by s.id = $1 desc, s.slug = $2 desc, s.id desc limit 1",
        id,
        word
    );
    if (rows.empty()) return std::nullopt;
    return session_from(rows[0]);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<Run> PgLedger::enqueue(NewRun run) {
  const std::string plan = json_text(run.plan);
  const std::string inputs = json_text(run.inputs);
  const std::string key = printable_utf8(run.dedupe_key.value_or(""));
  auto body = [&](Tx& tx) {
    return run_from(tx.exec_params1(
        "select " + run_columns("r") +
            " from ops.enqueue_run($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, nullif($8, ''), $9, "
            "$10, $11) "
            "r",
        run.session.value,
        printable_utf8(run.lane),
        printable_utf8(run.intent),
        printable_utf8(run.runbook),
        plan,
        inputs,
        run.priority,
        key,
        printable_utf8(run.who),
        printable_utf8(run.traceparent),
        printable_utf8(run.tracestate)
    ));
  };
  auto enqueuing = database_.transaction(std::move(body));
  co_return co_await std::move(enqueuing);
}

Task<Run> PgLedger::run(RunId id) {
  auto body = [&](Tx& tx) { return run_by_id(tx, id); };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::vector<Run>> PgLedger::runs(RunFilter filter) {
  const Where where = conditions(filter);
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + run_columns("r") + " from ops.runs r" + where.text +
            fmt::format(" order by r.id desc limit {}", at_most(filter.limit, 1000)),
        pqxx::prepare::make_dynamic_params(where.values)
    );
    return all(rows, run_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::vector<Step>> PgLedger::steps(RunId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + step_columns("s") +
            " from ops.run_steps s where s.run_id = $1 order by s.position",
        id.value
    );
    if (rows.empty()) run_by_id(tx, id);
    return all(rows, step_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<Run> PgLedger::cancel(RunId id, std::string who) {
  auto body = [&](Tx& tx) {
    return run_from(tx.exec_params1(
        "select " + run_columns("r") + " from ops.cancel_run($1, $2) r",
        id.value,
        printable_utf8(who)
    ));
  };
  auto canceling = database_.transaction(std::move(body));
  co_return co_await std::move(canceling);
}

Task<Run> PgLedger::answer(RunId id, std::string decision, std::string who) {
  auto body = [&](Tx& tx) {
    return run_from(tx.exec_params1(
        "select " + run_columns("r") + " from ops.answer_run($1, $2, $3) r",
        id.value,
        printable_utf8(decision),
        printable_utf8(who)
    ));
  };
  auto answering = database_.transaction(std::move(body));
  co_return co_await std::move(answering);
}

Task<std::vector<InputRequest>> PgLedger::inputs(std::optional<RunId> run, bool open_only) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + input_columns("i") +
            " from ops.input_requests i where ($1::bigint is null or i.run_id = $1)"
            " and (i.status = 'open' or not $2) order by i.id desc limit 1000",
        run ? std::optional(run->value) : std::nullopt,
        open_only
    );
    if (rows.empty() && run) run_by_id(tx, *run);
    return all(rows, input_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<InputRequest> PgLedger::input(InputId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + input_columns("i") + " from ops.input_requests i where i.id = $1", id.value
    );
    if (rows.empty()) throw missing("question", id);
    return input_from(rows[0]);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<InputRequest> PgLedger::answer_input(InputId id, InputReply reply, std::string who) {
  const std::string content = json_text(reply.content);
  auto body = [&](Tx& tx) {
    return input_from(tx.exec_params1(
        "select " + input_columns("i") + " from ops.answer_input($1, $2, $3::jsonb, $4) i",
        id.value,
        std::string(to_string(reply.action)),
        content,
        printable_utf8(who)
    ));
  };
  auto answering = database_.transaction(std::move(body));
  co_return co_await std::move(answering);
}

Task<std::vector<Event>> PgLedger::events(RunId id, std::int64_t after, int limit) {
  auto body = [&](Tx& tx) {
    // The chunk that holds `after + 1` may begin before it: the index finds it as the last that
    // does.
    const pqxx::result rows = tx.exec_params(
        "select " + event_columns("e") +
            " from ops.run_events e where e.run_id = $1 and e.seq + e.n - 1 > $2 and e.seq >= "
            "coalesce((select max(b.seq) from ops.run_events b"
            " where b.run_id = $1 and b.seq <= $2 + 1), 0)"
            " order by e.seq limit $3",
        id.value,
        after,
        at_most(limit, 10'000)
    );
    if (rows.empty()) run_by_id(tx, id);
    return all(rows, event_from);
  };
  auto reading = database_.transaction(std::move(body));
  std::vector<Event> events = co_await std::move(reading);
  stop_at_gap(events, after);
  co_return events;
}

Task<std::vector<std::pair<Run, std::int64_t>>> PgLedger::heads(SessionId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + run_columns("r") +
            ", coalesce(e.last_seq, 0) as last_seq from ops.runs r left join lateral"
            " (select x.seq + x.n - 1 as last_seq from ops.run_events x where x.run_id = r.id"
            " order by x.seq desc limit 1) e on true where r.session_id = $1 order by r.id",
        id.value
    );
    std::vector<std::pair<Run, std::int64_t>> heads;
    for (const pqxx::row row : rows) {
      heads.emplace_back(run_from(row), row["last_seq"].as<std::int64_t>());
    }
    return heads;
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::vector<Artifact>> PgLedger::artifacts(RunId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + artifact_columns("a") +
            " from ops.artifacts a where a.run_id = $1 order by a.id",
        id.value
    );
    if (rows.empty()) run_by_id(tx, id);
    return all(rows, artifact_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<Artifact> PgLedger::artifact(ArtifactId id) {
  auto body = [&](Tx& tx) { return artifact_by_id(tx, id); };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::string> PgLedger::artifact_content(ArtifactId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select b.bytes from ops.artifacts a join ops.blobs b on b.sha256 = a.sha256"
        " where a.id = $1",
        id.value
    );
    if (rows.empty()) throw missing("artifact", id);
    return pqxx::binarystring(rows[0][0]).str();
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::optional<Artifact>> PgLedger::latest_diff(SessionId id, std::string lane) {
  auto body = [&](Tx& tx) -> std::optional<Artifact> {
    const pqxx::result rows = tx.exec_params(
        "select " + artifact_columns("a") +
            " from ops.artifacts a join ops.runs r on r.id = a.run_id"
            " where r.session_id = $1 and r.lane = $2 and a.kind = 'diff'"
            " order by a.updated_at desc, a.id desc limit 1",
        id.value,
        printable_utf8(lane)
    );
    if (rows.empty()) return std::nullopt;
    return artifact_from(rows[0]);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::vector<AuditEntry>> PgLedger::audit(RunId id) {
  auto body = [&](Tx& tx) {
    const pqxx::result rows = tx.exec_params(
        "select " + audit_columns("a") +
            " from ops.audit_log a where a.run_id = $1 order by a.id limit 10000",
        id.value
    );
    if (rows.empty()) run_by_id(tx, id);
    return all(rows, audit_from);
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

Task<std::vector<WorkerInfo>> PgLedger::workers() {
  auto body = [](Tx& tx) {
    const pqxx::result rows = tx.exec(
        "select w.id, w.slots, ops.iso(w.heartbeat_at) as heartbeat_at,"
        " (select count(*) from ops.runs r where r.claimed_by = w.id"
        " and r.status in ('running', 'waiting'))"
        " as running, w.stopped_at is null and w.heartbeat_at > clock_timestamp() -"
        " coalesce(w.lease, make_interval(secs => (select s.value::double precision"
        " from ops.settings s where s.name = 'lease_seconds'))) as alive"
        " from ops.workers w order by w.id"
    );
    std::vector<WorkerInfo> workers;
    for (const pqxx::row row : rows) {
      WorkerInfo worker;
      worker.id = text(row["id"]);
      worker.slots = row["slots"].as<int>();
      worker.running = row["running"].as<int>();
      worker.heartbeat_at = text(row["heartbeat_at"]);
      worker.alive = row["alive"].as<bool>();
      workers.push_back(std::move(worker));
    }
    return workers;
  };
  auto reading = database_.transaction(std::move(body));
  co_return co_await std::move(reading);
}

}  // namespace opsroom::store

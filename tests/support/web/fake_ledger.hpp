#pragma once

#include "base/failure.hpp"
#include "ports/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace opsroom::testing {

/// The books in memory. `down` makes everything fail as an unreachable database does; `hold` makes
/// every call wait until it is notified and false again. Io thread only, like the port.
class FakeLedger final : public Ledger {
 public:
  explicit FakeLedger(asio::any_io_executor executor) : released_(executor) {}

  // What tests set up and look at

  bool down = false;
  bool hold = false;
  int calls = 0;
  std::map<SessionId, Session> session_rows;
  std::map<RunId, Run> run_rows;
  std::map<RunId, std::vector<Event>> event_rows;
  std::map<RunId, std::vector<Step>> step_rows;
  std::map<InputId, InputRequest> input_rows;
  std::map<ArtifactId, Artifact> artifact_rows;
  std::map<ArtifactId, std::string> contents;
  std::vector<AuditEntry> audit_rows;
  std::vector<WorkerInfo> worker_rows;
  std::vector<NewRun> enqueued;
  std::vector<std::string> done;  ///< "cancel 1 by operator"

  void release() {
    hold = false;
    released_.notify();
  }

  SessionId add_session(std::string title) {
    const SessionId id{static_cast<std::int64_t>(session_rows.size()) + 1};
    Session& row = session_rows[id];
    row.id = id;
    row.title = title;
    row.slug = title;
    row.created_at = "2026-01-01T00:00:00.000Z";
    return id;
  }

  RunId add_run(SessionId session, std::string lane, RunStatus status = RunStatus::running) {
    return add_run_as(RunId{next_run_++}, session, std::move(lane), status);
  }

  RunId add_run_as(RunId id, SessionId session, std::string lane, RunStatus status) {
    Run& row = run_rows[id];
    row.id = id;
    row.session = session;
    row.lane = std::move(lane);
    row.status = status;
    row.created_at = "2026-01-01T00:00:00.000Z";
    return id;
  }

  Event& add_event(RunId run, std::string kind, std::vector<std::string> lines = {}) {
    auto& rows = event_rows[run];
    Event event;
    event.run = run;
    event.seq = rows.empty() ? 1 : rows.back().last_seq() + 1;
    event.kind = std::move(kind);
    event.at = "2026-01-01T00:00:00.000Z";
    event.lines = std::move(lines);
    rows.push_back(std::move(event));
    return rows.back();
  }

  InputId add_input(RunId run, Json params) {
    const InputId id{static_cast<std::int64_t>(input_rows.size()) + 1};
    InputRequest& row = input_rows[id];
    row.id = id;
    row.run = run;
    row.position = 1;
    row.step = "ask";
    row.tool = "forms.register";
    row.ask = InputAsk{"q", "elicitation/create", std::move(params)};
    row.created_at = "2026-01-01T00:00:00.000Z";
    return id;
  }

  ArtifactId add_artifact(RunId run, std::string kind, std::string name, std::string content) {
    const ArtifactId id{static_cast<std::int64_t>(artifact_rows.size()) + 1};
    Artifact& row = artifact_rows[id];
    row.id = id;
    row.run = run;
    row.kind = std::move(kind);
    row.name = std::move(name);
    row.media_type = "text/plain";
    row.size = static_cast<std::int64_t>(content.size());
    row.created_at = row.updated_at = "2026-01-01T00:00:00.000Z";
    contents[id] = std::move(content);
    return id;
  }

  // Ledger

  Task<Session> create_session(NewSession session) override {
    co_await gate();
    const SessionId id = add_session(session.title);
    session_rows[id].intent = session.intent;
    session_rows[id].repository = session.repository;
    session_rows[id].base = session.base;
    co_return session_rows[id];
  }
  Task<std::vector<Session>> sessions(int limit) override {
    co_await gate();
    co_return newest(session_rows, limit, [](const Session&) { return true; });
  }
  Task<Session> session(SessionId id) override {
    co_await gate();
    co_return at(session_rows, id, "session");
  }
  Task<std::optional<Session>> find_session(std::string word) override {
    co_await gate();
    for (const auto& [id, row] : session_rows) {
      if (row.slug == word || row.title == word) co_return row;
    }
    co_return std::nullopt;
  }
  Task<Run> enqueue(NewRun run) override {
    co_await gate();
    const RunId id = add_run(run.session, run.lane, RunStatus::queued);
    run_rows[id].intent = run.intent;
    run_rows[id].runbook = run.runbook;
    run_rows[id].inputs = run.inputs;
    run_rows[id].priority = run.priority;
    enqueued.push_back(std::move(run));
    co_return run_rows[id];
  }
  Task<Run> run(RunId id) override {
    co_await gate();
    co_return at(run_rows, id, "run");
  }
  Task<std::vector<Run>> runs(RunFilter filter) override {
    co_await gate();
    co_return newest(run_rows, filter.limit, [&filter](const Run& row) {
      return (!filter.session || row.session == *filter.session) &&
             (!filter.lane || row.lane == *filter.lane) &&
             (!filter.status || row.status == *filter.status) &&
             (!filter.before || row.id < *filter.before);
    });
  }
  Task<std::vector<Step>> steps(RunId id) override {
    co_await gate();
    co_return step_rows[id];
  }
  Task<Run> cancel(RunId id, std::string who) override {
    co_await gate();
    done.push_back(fmt::format("cancel {} by {}", id, who));
    Run& row = at(run_rows, id, "run");
    row.canceled_at = "2026-01-01T00:00:01.000Z";
    co_return row;
  }
  Task<Run> answer(RunId id, std::string decision, std::string who) override {
    co_await gate();
    Run& row = at(run_rows, id, "run");
    if (row.status != RunStatus::waiting) {
      throw Failure(Code::conflict, fmt::format("run {} waits for no answer", id));
    }
    done.push_back(fmt::format("{} {} by {}", decision, id, who));
    co_return row;
  }
  Task<std::vector<InputRequest>> inputs(std::optional<RunId> run, bool open_only) override {
    co_await gate();
    co_return newest(input_rows, 1000, [&](const InputRequest& row) {
      return (!run || row.run == *run) && (!open_only || row.open());
    });
  }
  Task<InputRequest> input(InputId id) override {
    co_await gate();
    co_return at(input_rows, id, "question");
  }
  Task<InputRequest> answer_input(InputId id, InputReply reply, std::string who) override {
    co_await gate();
    InputRequest& row = at(input_rows, id, "question");
    done.push_back(
        fmt::format("{} {} {} by {}", to_string(reply.action), id, dump(reply.content), who)
    );
    row.reply = std::move(reply);
    row.answered_by = std::move(who);
    co_return row;
  }
  Task<std::vector<Event>> events(RunId id, std::int64_t after, int limit) override {
    co_await gate();
    std::vector<Event> page;
    const auto& rows = event_rows[id];
    auto row = std::lower_bound(
        rows.begin(),
        rows.end(),
        after,
        [](const Event& event, std::int64_t number) { return event.last_seq() <= number; }
    );
    for (; row != rows.end() && page.size() < static_cast<std::size_t>(limit); ++row) {
      page.push_back(*row);
    }
    co_return page;
  }
  Task<std::vector<std::pair<Run, std::int64_t>>> heads(SessionId id) override {
    co_await gate();
    std::vector<std::pair<Run, std::int64_t>> all;
    for (const auto& [run, row] : run_rows) {
      if (row.session != id) continue;
      const auto& events = event_rows[run];
      all.emplace_back(row, events.empty() ? 0 : events.back().last_seq());
    }
    co_return all;
  }
  Task<std::vector<Artifact>> artifacts(RunId id) override {
    co_await gate();
    std::vector<Artifact> found;
    for (const auto& [artifact, row] : artifact_rows) {
      if (row.run == id) found.push_back(row);
    }
    co_return found;
  }
  Task<Artifact> artifact(ArtifactId id) override {
    co_await gate();
    co_return at(artifact_rows, id, "artifact");
  }
  Task<std::string> artifact_content(ArtifactId id) override {
    co_await gate();
    co_return at(contents, id, "artifact");
  }
  Task<std::optional<Artifact>> latest_diff(SessionId id, std::string lane) override {
    co_await gate();
    std::optional<Artifact> latest;
    for (const auto& [artifact, row] : artifact_rows) {
      const Run& owner = run_rows[row.run];
      if (row.kind == "diff" && owner.session == id && owner.lane == lane) latest = row;
    }
    co_return latest;
  }
  Task<std::vector<AuditEntry>> audit(RunId id) override {
    co_await gate();
    std::vector<AuditEntry> found;
    for (const AuditEntry& row : audit_rows) {
      if (row.run == id) found.push_back(row);
    }
    co_return found;
  }
  Task<std::vector<WorkerInfo>> workers() override {
    co_await gate();
    co_return worker_rows;
  }

 private:
  Task<> gate() {
    ++calls;
    while (hold)
      co_await released_.wait();
    if (down) {
      throw Failure(
          Code::unavailable, "the database cannot be reached", "Is PostgreSQL running?", true
      );
    }
  }

  template <class Map, class Id>
  static typename Map::mapped_type& at(Map& map, Id id, const char* what) {
    const auto found = map.find(id);
    if (found == map.end()) {
      throw Failure(Code::not_found, fmt::format("{} {} does not exist", what, id));
    }
    return found->second;
  }

  template <class Map, class Wanted>
  static std::vector<typename Map::mapped_type> newest(const Map& map, int limit, Wanted wanted) {
    std::vector<typename Map::mapped_type> rows;
    for (auto row = map.rbegin(); row != map.rend(); ++row) {
      if (static_cast<int>(rows.size()) == limit) break;
      if (wanted(row->second)) rows.push_back(row->second);
    }
    return rows;
  }

  Signal released_;
  std::int64_t next_run_ = 1;
};

}  // namespace opsroom::testing

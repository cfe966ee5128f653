#pragma once

#include "ports/ledger.hpp"
#include "store/database.hpp"

namespace opsroom::store {

/// The books in PostgreSQL. Lists are cut at 1 000 rows (events at 10 000) whatever the limit says.
class PgLedger final : public Ledger {
 public:
  explicit PgLedger(Database& database) : database_(database) {}

  Task<Session> create_session(NewSession session) override;
  Task<std::vector<Session>> sessions(int limit) override;
  Task<Session> session(SessionId id) override;
  Task<std::optional<Session>> find_session(std::string id_slug_or_title) override;

  Task<Run> enqueue(NewRun run) override;
  Task<Run> run(RunId id) override;
  Task<std::vector<Run>> runs(RunFilter filter) override;
  Task<std::vector<Step>> steps(RunId id) override;
  Task<Run> cancel(RunId id, std::string who) override;
  Task<Run> answer(RunId id, std::string decision, std::string who) override;

  Task<std::vector<InputRequest>> inputs(std::optional<RunId> run, bool open_only) override;
  Task<InputRequest> input(InputId id) override;
  Task<InputRequest> answer_input(InputId id, InputReply reply, std::string who) override;

  /// Ends before a number that is missing, so that a reader never steps over a line.
  Task<std::vector<Event>> events(RunId id, std::int64_t after, int limit) override;
  Task<std::vector<std::pair<Run, std::int64_t>>> heads(SessionId id) override;

  Task<std::vector<Artifact>> artifacts(RunId id) override;
  Task<Artifact> artifact(ArtifactId id) override;
  Task<std::string> artifact_content(ArtifactId id) override;
  Task<std::optional<Artifact>> latest_diff(SessionId id, std::string lane) override;

  Task<std::vector<AuditEntry>> audit(RunId id) override;
  Task<std::vector<WorkerInfo>> workers() override;

 private:
  Database& database_;
};

}  // namespace opsroom::store

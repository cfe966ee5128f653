#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "model/artifact.hpp"
#include "model/audit_entry.hpp"
#include "model/event.hpp"
#include "model/input.hpp"
#include "model/run.hpp"
#include "model/step.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace opsroom {

struct NewSession {
  std::string title;
  std::string intent;
  std::string repository;
  std::string base;
};

struct NewRun {
  SessionId session;
  std::string lane = "A";
  std::string intent;
  std::string runbook;  ///< name
  Json plan;            ///< what will run: stored with the run
  Json inputs = Json::object();
  int priority = 100;
  std::optional<std::string>
      dedupe_key;                ///< a second run with the same key in the session is the first
  std::string who = {};          ///< who wants it, for the audit log
  std::string traceparent = {};  ///< W3C trace context of who wants it; empty: it gets its own
  std::string tracestate = {};
};

struct RunFilter {
  std::optional<SessionId> session;
  std::optional<std::string> lane;
  std::optional<RunStatus> status;
  std::optional<RunId> before;  ///< older than this one
  int limit = 50;
};

struct WorkerInfo {
  std::string id;
  int slots = 0;
  int running = 0;
  std::string heartbeat_at;
  bool alive = false;
};

/// The control room's books as people see them: what the API, the page and the CLI read, and the
/// few things people may change. Failure{not_found} names what does not exist; Failure{conflict}
/// says in which state it is. Io thread only.
class Ledger {
 public:
  virtual ~Ledger() = default;

  virtual Task<Session> create_session(NewSession session) = 0;
  virtual Task<std::vector<Session>> sessions(int limit) = 0;  ///< newest first
  virtual Task<Session> session(SessionId id) = 0;
  virtual Task<std::optional<Session>> find_session(std::string id_slug_or_title) = 0;

  virtual Task<Run> enqueue(NewRun run) = 0;
  virtual Task<Run> run(RunId id) = 0;
  virtual Task<std::vector<Run>> runs(RunFilter filter) = 0;  ///< newest first
  virtual Task<std::vector<Step>> steps(RunId id) = 0;
  /// Asks for the end of the run; a second time, or on an ended run, changes nothing.
  virtual Task<Run> cancel(RunId id, std::string who) = 0;
  /// Decides about the interrupted step of a waiting run: "retry", "skip" or "fail".
  virtual Task<Run> answer(RunId id, std::string decision, std::string who) = 0;

  /// Questions of tools to people: of one run, or of all; newest first, at most 1000.
  virtual Task<std::vector<InputRequest>> inputs(std::optional<RunId> run, bool open_only) {
    static_cast<void>(run);
    static_cast<void>(open_only);
    co_return std::vector<InputRequest>{};
  }
  virtual Task<InputRequest> input(InputId id) {
    static_cast<void>(id);
    throw Failure(Code::unsupported, "this ledger keeps no questions");
  }
  /// Stores the reply, which the caller has checked against what was asked. Failure{conflict} when
  /// the question is answered, expired, or its run is over.
  virtual Task<InputRequest> answer_input(InputId id, InputReply reply, std::string who) {
    static_cast<void>(id);
    static_cast<void>(reply);
    static_cast<void>(who);
    throw Failure(Code::unsupported, "this ledger keeps no questions");
  }

  /// Events after number `after`, oldest first, chunks whole (a chunk that holds `after + 1` comes
  /// whole); at most `limit` rows.
  virtual Task<std::vector<Event>> events(RunId id, std::int64_t after, int limit) = 0;
  /// Runs of the session with their last event number: what a stream has to follow.
  virtual Task<std::vector<std::pair<Run, std::int64_t>>> heads(SessionId id) = 0;

  virtual Task<std::vector<Artifact>> artifacts(RunId id) = 0;
  virtual Task<Artifact> artifact(ArtifactId id) = 0;
  virtual Task<std::string> artifact_content(ArtifactId id) = 0;
  virtual Task<std::optional<Artifact>> latest_diff(SessionId id, std::string lane) = 0;

  /// What was called and decided in a run, oldest first; at most 10 000 rows. Kept even when the
  /// run is gone.
  virtual Task<std::vector<AuditEntry>> audit(RunId id) {
    static_cast<void>(id);
    throw Failure(Code::unsupported, "this ledger keeps no audit log");
  }

  virtual Task<std::vector<WorkerInfo>> workers() = 0;
};

}  // namespace opsroom

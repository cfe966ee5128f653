#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace opsroom {

/// `blocked`: behind another run of its lane. `queued`: head of its lane, claimable. `waiting`: for
/// a person or a tool elsewhere; the lane stays taken, the slot only while a tool at work asks
/// (then `claimed_by` is set).
enum class RunStatus { scheduled, blocked, queued, running, waiting, succeeded, failed, canceled };

std::string_view to_string(RunStatus status);
RunStatus run_status(std::string_view word);
bool is_terminal(RunStatus status);
/// Active runs hold their lane: at most one of them per lane, enforced by a unique index.
bool is_active(RunStatus status);

/// The one table of moves; migrations carry the same table as ops.run_transitions and a test
/// compares.
std::span<const std::pair<RunStatus, RunStatus>> run_transitions();
bool may_move(RunStatus from, RunStatus to);

/// A run as the database has it. Times are ISO 8601 UTC text: the host never computes with them,
/// since only the database's clock decides.
struct Run {
  RunId id;
  SessionId session;
  std::string lane;
  RunStatus status = RunStatus::queued;
  int priority = 100;  ///< lower first
  std::string intent;
  std::string runbook;  ///< name, for people
  Json inputs = Json::object();
  int attempt = 0;
  std::optional<std::string> claimed_by;
  std::optional<std::string> claimed_at;
  std::optional<std::string> heartbeat_at;
  std::optional<std::string> canceled_at;  ///< when cancellation was asked for
  std::string created_at;
  std::optional<std::string> started_at;
  std::optional<std::string> finished_at;
  std::optional<std::string> error;  ///< why it failed, for people
  std::optional<std::string> hint;   ///< the remedy
  std::string traceparent;           ///< W3C trace context that its calls are made under …
  std::string tracestate;            ///< … as the caller gave it; empty when it gave none
};

struct Session {
  SessionId id;
  std::string title;
  std::string slug;  ///< unique; part of branch and folder names
  std::string intent;
  std::string repository;  ///< path or URL to clone from; empty: lanes start as empty repositories
  std::string base;        ///< branch, tag or commit; empty: the repository's default branch
  std::string created_at;
};

/// What a worker holds while it works on a run. Every later write carries it and is refused when
/// the token has changed: the fence.
struct Claim {
  RunId run;
  int attempt = 0;
  std::string token;
};

}  // namespace opsroom

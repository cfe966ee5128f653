#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "model/call_record.hpp"
#include "model/event.hpp"
#include "model/input.hpp"
#include "model/run.hpp"
#include "model/step.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace opsroom {

/// The claim token has changed: the run belongs to somebody else now, or to nobody. Whoever sees it
/// ends the work at once; nothing was written.
class LeaseLost : public Failure {
 public:
  explicit LeaseLost(RunId run)
      : Failure(
            Code::conflict,
            fmt::format("run {} is not held by this worker any more", run),
            "Its lease ran out or it was ended elsewhere; nothing was written."
        ) {}
};

/// Everything a worker needs to work on a run, as of the claim.
struct ClaimedRun {
  Claim claim;
  Session session;
  std::string lane;
  Run run;
  Json plan;  ///< the runbook as it was when the run was enqueued; null when it or the inputs are
              ///< unreadable
  std::vector<Step> steps;           ///< those that have a row already, from earlier attempts
  std::vector<InputRequest> inputs;  ///< what waiting steps had asked for, answers and all
  std::int64_t last_seq = 0;         ///< the last event number in use
  bool cancel_requested = false;
};

struct Beat {
  RunId run;
  bool lost = false;
  bool cancel_requested = false;
};

/// A step's new state, written together with the events that tell of it.
struct StepChange {
  Step step;
  std::vector<Event> events = {};
  std::vector<CallRecord> calls = {};  ///< for the audit log
};

struct RunEnd {
  RunStatus status = RunStatus::failed;  ///< succeeded, failed or canceled
  std::string error;
  std::string hint;
};

/// A task of a server that nobody wants any more, since the run that began it has ended. The step
/// says what is to be told to whom.
struct TaskCancel {
  Run run;
  Session session;
  Step step;
  std::string token;  ///< of this claim of it
  int tries = 0;      ///< this one included
};

/// What came of telling the server.
struct TaskCancelEnd {
  enum class Outcome {
    canceled,
    gone,    ///< the server does not know it, or it was over already
    failed,  ///< given up: it may still be at work
    again,   ///< somebody is to try again after a pause
  };

  Outcome outcome = Outcome::failed;
  std::string said;  ///< for people
  Milliseconds pause{0};
  std::vector<CallRecord> calls = {};  ///< for the audit log
};

/// The queue as a worker sees it. Every write carries the claim and throws LeaseLost when its token
/// has changed. Every write may be repeated after a retryable Failure: the second one changes
/// nothing. A Failure{unavailable, retryable} means the database cannot be reached. Io thread only.
class RunQueue {
 public:
  virtual ~RunQueue() = default;

  /// Says who this worker is and takes back at once the runs that an earlier process under the same
  /// `worker` id held. Call once, before the first claim; again after an outage.
  virtual Task<> register_worker(std::string worker, int slots) = 0;

  /// Takes up to `count` queued runs, after returning runs of dead workers to the queue.
  virtual Task<std::vector<ClaimedRun>> claim(std::string worker, int count) = 0;

  /// Renews the lease of all `claims` in one statement.
  virtual Task<std::vector<Beat>> heartbeat(std::string worker, std::vector<Claim> claims) = 0;

  /// The write-ahead of a step, and its end: the row as given, and the events, in one transaction.
  virtual Task<> write_step(Claim claim, StepChange change) = 0;

  /// Ends the run (adding the run.finished event) and promotes the next run of its lane.
  virtual Task<> finish(Claim claim, RunEnd end, std::vector<Event> events) = 0;

  /// Gives the run back to the queue, at its next step (drain, or a fence of our own).
  virtual Task<> release(Claim claim, std::string reason, std::vector<Event> events) = 0;

  /// Parks the run until a person decides about `step`, whose call's outcome is unknown.
  virtual Task<> park(Claim claim, Step step, std::string question, std::vector<Event> events) = 0;

  /// Lays the run down: the step (status waiting, `resume` set) and its questions are stored, the
  /// slot is free. The run is claimable again when every question is answered or its time has come.
  virtual Task<> suspend(Claim claim, StepChange change, Suspension suspension) {
    static_cast<void>(claim);
    static_cast<void>(change);
    static_cast<void>(suspension);
    throw Failure(Code::unsupported, "this queue cannot suspend");
  }

  /// Takes up to `count` tasks that are to be cancelled, for a while: a worker that does not say in
  /// two minutes what came of it leaves them to others.
  virtual Task<std::vector<TaskCancel>> claim_task_cancels(std::string worker, int count) {
    static_cast<void>(worker);
    static_cast<void>(count);
    co_return std::vector<TaskCancel>{};
  }
  /// Writes what came of it, also to the run's events. Nothing when it is another worker's by now.
  virtual Task<> end_task_cancel(TaskCancel cancel, TaskCancelEnd end) {
    static_cast<void>(cancel);
    static_cast<void>(end);
    co_return;
  }

  /// Says good-bye: this worker is not to be shown as alive any more.
  virtual Task<> unregister_worker(std::string worker) = 0;
};

}  // namespace opsroom

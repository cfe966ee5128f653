#pragma once

#include "ports/run_queue.hpp"
#include "store/database.hpp"
#include "store/pg_group.hpp"

#include <chrono>
#include <string>

namespace opsroom::store {

/// The queue in PostgreSQL. Every rule lives in the functions of schema ops; this only calls them.
/// Each object is one process behind a worker's id: registering again keeps its own runs, while
/// another object that registers under the same id takes them back. Steps and ends that many runs
/// write at the same time share a transaction.
class PgRunQueue final : public RunQueue {
 public:
  /// `database` outlives it. `lease`: how old a heartbeat of this worker may get before its runs go
  /// back to the queue.
  PgRunQueue(Database& database, std::chrono::seconds lease);

  Task<> register_worker(std::string worker, int slots) override;
  /// A claim whose outcome is unknown is repeated by the next one, which returns what that took
  /// (even when it is more than `count`).
  Task<std::vector<ClaimedRun>> claim(std::string worker, int count) override;
  Task<std::vector<Beat>> heartbeat(std::string worker, std::vector<Claim> claims) override;
  Task<> write_step(Claim claim, StepChange change) override;
  Task<> finish(Claim claim, RunEnd end, std::vector<Event> events) override;
  Task<> release(Claim claim, std::string reason, std::vector<Event> events) override;
  Task<> park(Claim claim, Step step, std::string question, std::vector<Event> events) override;
  Task<> suspend(Claim claim, StepChange change, Suspension suspension) override;
  Task<std::vector<TaskCancel>> claim_task_cancels(std::string worker, int count) override;
  Task<> end_task_cancel(TaskCancel cancel, TaskCancelEnd end) override;
  Task<> unregister_worker(std::string worker) override;

 private:
  Task<> write(RunWrite what);

  Database& database_;
  std::chrono::seconds lease_;
  std::string epoch_;
  std::string batch_in_doubt_;
  RunWrites writes_;
};

}  // namespace opsroom::store

#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/lease_keeper.hpp"
#include "engine/outage.hpp"
#include "engine/run_session.hpp"
#include "engine/task_canceler.hpp"
#include "ports/wakeups.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace opsroom::engine {

struct WorkerOptions {
  std::string id;
  int concurrency = 4;              ///< runs at once
  int batch = 1;                    ///< runs asked for in one claim
  Milliseconds poll_interval{800};  ///< only the fallback: notifications wake the worker
  LeaseTimes lease;
  Milliseconds drain_grace{20'000};  ///< how long steps under way may go on after drain()
  RunSessionOptions session;
  TaskCancelerOptions cancels;
  std::function<void()> on_ready;  ///< the worker is registered and claims; may be empty
};

/// Claims runs while it has free slots and tells each as a RunSession. Io thread only.
class Worker {
 public:
  Worker(asio::any_io_executor executor, WorkerOptions options, Ports ports, Wakeups& wakeups);

  /// Works until drained. Keeps trying while the database is away, at start and later.
  Task<> run();

  /// Stops claiming; steps under way may finish within the grace, then their runs go back to the
  /// queue. A second call gives no more grace and no more retries.
  void drain();

 private:
  Task<> register_patiently();
  Task<> claim_until_drained();
  Task<bool> claim_once();
  Task<> wind_down();
  void start(ClaimedRun run);

  asio::any_io_executor executor_;
  WorkerOptions options_;
  Ports ports_;
  LeaseKeeper leases_;
  TaskCanceler cancels_;
  Outage outage_;
  Stop abandon_;
  TaskGroup sessions_;
  std::map<RunId, std::shared_ptr<RunSession>> running_;
  bool draining_ = false;
  bool news_ = false;  ///< a notification came while nobody waited for it
  Signal wake_;
};

}  // namespace opsroom::engine

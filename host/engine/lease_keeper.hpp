#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/outage.hpp"
#include "ports/run_queue.hpp"

#include <functional>
#include <map>
#include <string>

namespace opsroom::engine {

struct LeaseTimes {
  Milliseconds heartbeat{10'000};
  /// How long after the *sending* of the last good heartbeat the work may go on. Less than the
  /// lease, so that this worker has stopped before another one starts.
  Milliseconds self_fence{20'000};
};

/// Renews the leases of all runs of a worker in one statement, and stops the runs whose lease is
/// lost, may be lost, or whose cancellation was asked for. Io thread only.
class LeaseKeeper {
 public:
  LeaseKeeper(
      asio::any_io_executor executor, std::string worker, RunQueue& queue, LeaseTimes times
  );

  /// Until when the work of a run may go on; told at once by `hold` and after every good heartbeat.
  using OnTrusted = std::function<void(Clock::time_point until)>;

  /// Watches over a run until released; `stop` hears lease_lost and canceled. `on_trusted` must
  /// neither hold nor release.
  void hold(const Claim& claim, Stop& stop, OnTrusted on_trusted);
  /// Only this claim's hold: the same run may have been claimed anew meanwhile.
  void release(const Claim& claim);

  /// Passes a cancellation on, when the run is held here.
  void cancel(RunId run);
  void cancel_all(StopReason reason);
  std::size_t held() const { return held_.size(); }

  /// Beats until end() is called.
  Task<> run();
  void end();

 private:
  struct Held {
    Claim claim;
    Stop* stop;
    OnTrusted on_trusted;
    Clock::time_point trusted_until;
  };

  Task<> beat();
  static void trust(Held& held, Clock::time_point until);
  Task<> watch_fences();
  void fence_expired();
  Clock::duration until_next_fence() const;

  std::string worker_;
  RunQueue& queue_;
  LeaseTimes times_;
  Outage outage_;
  std::map<RunId, Held> held_;
  bool ended_ = false;
  Signal wake_;
  Signal fence_wake_;
};

}  // namespace opsroom::engine

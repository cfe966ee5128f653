#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/lease_keeper.hpp"
#include "engine/ports.hpp"
#include "engine/run_log.hpp"
#include "engine/step_session.hpp"
#include "runbook/plan.hpp"

#include <memory>
#include <optional>
#include <string>

namespace opsroom::engine {

struct RunSessionOptions {
  Milliseconds diff_interval{1000};
  /// How often a call that may be repeated is repeated by this worker when its tool dies under it …
  int repeats = 3;
  Milliseconds pause_before_repeat{500};  ///< … and how long it waits, twice as long each time
};

/// One claimed run from its first step to its end, or to the point where it must be given back. It
/// does not decide when: cancellation, loss of the lease and drain come from outside. Io thread
/// only.
class RunSession {
 public:
  RunSession(
      asio::any_io_executor executor,
      ClaimedRun run,
      Ports ports,
      LeaseKeeper& leases,
      Stop& abandon,
      RunSessionOptions options = {}
  );

  /// Never throws: whatever happens is recorded, or, when the lease is lost, left to its next
  /// owner.
  Task<> run();

  /// Gives the run back to the queue after the step under way.
  void drain() { draining_ = true; }
  /// Ends the step under way now (the grace of a drain has passed).
  void cut_short() { stop_.request(StopReason::draining); }

  RunId id() const { return run_.claim.run; }

 private:
  enum class Next { go_on, again, ended };

  Task<> tell();
  Task<> work_through();
  Task<Next> take_step(const runbook::PlanStep& plan, int position);
  Task<Next> take_step_if_wanted(const runbook::PlanStep& plan, int position);
  Task<Next> after_step(StepEnd end);
  Task<Next> settle_interrupted(const runbook::PlanStep& plan, Step& step);
  Task<bool> may_be_repeated(const runbook::PlanStep& plan);
  Task<> pause_before_repeat();
  Task<> park(Step step, std::string question);
  Task<> lay_down(StepEnd end);
  Task<> lay_down_again(Step step, Continuation continuation);
  Task<> prepare();
  Task<> check_tools();
  Task<> describe_patiently(std::string tool);
  Task<> end_after(Step step);
  Task<> end_as(RunStatus status, std::string error, std::string hint);
  Task<> give_back(std::string reason);
  Task<> close_tools();
  void trust_tools();
  Step& step_row(const runbook::PlanStep& plan, int position);
  Json scope() const;

  asio::any_io_executor executor_;
  ClaimedRun run_;
  Ports ports_;
  LeaseKeeper& leases_;
  RunSessionOptions options_;
  Stop stop_;
  RunLog log_;
  runbook::Plan plan_;
  std::unique_ptr<LaneCheckout> lane_;
  std::unique_ptr<RunTools> tools_;
  Clock::time_point trusted_until_;
  int repeats_ = 0;  ///< of the step under way, by this worker
  bool draining_ = false;
};

}  // namespace opsroom::engine

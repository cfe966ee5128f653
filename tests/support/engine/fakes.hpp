#pragma once

#include "base/async.hpp"
#include "ports/input_desk.hpp"
#include "ports/journal.hpp"
#include "ports/lane_pool.hpp"
#include "ports/run_queue.hpp"
#include "ports/toolbox.hpp"
#include "ports/wakeups.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace opsroom::testing {

/// A database of one table: what was written, in order, with switches for the faults that matter.
class FakeQueue : public RunQueue, public Journal {
 public:
  std::deque<ClaimedRun> waiting;
  std::vector<std::string> told;  ///< "step 1 running", "finish succeeded", ...
  std::vector<Event> events;
  std::vector<ArtifactDraft> artifacts;
  std::vector<std::string> registered;
  bool away = false;           ///< every call fails as unreachable
  int away_after_writing = 0;  ///< so many writes are done and then reported as failed
  bool token_changed = false;  ///< every write is refused
  std::set<RunId> cancel_requested;
  int claims = 0;
  int heartbeats = 0;

  Task<> register_worker(std::string worker, int) override {
    check_away();
    registered.push_back(worker);
    co_return;
  }

  Task<std::vector<ClaimedRun>> claim(std::string, int count) override {
    check_away();
    ++claims;
    std::vector<ClaimedRun> taken;
    while (!waiting.empty() && static_cast<int>(taken.size()) < count) {
      taken.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
    co_return taken;
  }

  Task<std::vector<Beat>> heartbeat(std::string, std::vector<Claim> claims_held) override {
    check_away();
    ++heartbeats;
    std::vector<Beat> beats;
    for (const Claim& claim : claims_held) {
      beats.push_back({claim.run, token_changed, cancel_requested.contains(claim.run)});
    }
    co_return beats;
  }

  Task<> write_step(Claim claim, StepChange change) override {
    write(
        claim,
        "step " + std::to_string(change.step.position) + " " +
            std::string(to_string(change.step.status)),
        std::move(change.events)
    );
    last_step = change.step;
    rows.push_back(change.step);
    for (CallRecord& call : change.calls)
      calls.push_back(std::move(call));
    co_return;
  }

  Task<> suspend(Claim claim, StepChange change, Suspension suspension) override {
    write(claim, "suspend " + change.step.id, std::move(change.events));
    last_step = change.step;
    rows.push_back(change.step);
    for (CallRecord& call : change.calls)
      calls.push_back(std::move(call));
    suspensions.push_back(std::move(suspension));
    co_return;
  }

  Task<> finish(Claim claim, RunEnd end, std::vector<Event> more) override {
    write(claim, "finish " + std::string(to_string(end.status)), std::move(more));
    last_end = end;
    co_return;
  }

  Task<> release(Claim claim, std::string reason, std::vector<Event> more) override {
    write(claim, "release: " + reason, std::move(more));
    co_return;
  }

  Task<> park(Claim claim, Step step, std::string question, std::vector<Event> more) override {
    write(claim, "park " + step.id, std::move(more));
    last_step = step;
    last_question = std::move(question);
    co_return;
  }

  Task<std::vector<TaskCancel>> claim_task_cancels(std::string, int count) override {
    check_away();
    std::vector<TaskCancel> taken;
    while (!task_cancels.empty() && static_cast<int>(taken.size()) < count) {
      taken.push_back(std::move(task_cancels.front()));
      task_cancels.pop_front();
    }
    co_return taken;
  }

  Task<> end_task_cancel(TaskCancel, TaskCancelEnd end) override {
    check_away();
    task_cancel_ends.push_back(std::move(end));
    co_return;
  }

  Task<> unregister_worker(std::string) override {
    told.push_back("good-bye");
    co_return;
  }

  Task<> append(Claim claim, std::vector<Event> more) override {
    write(claim, "", std::move(more));
    co_return;
  }

  Task<Artifact> put_artifact(Claim claim, ArtifactDraft draft) override {
    write(claim, "artifact " + draft.name, {});
    Artifact artifact;
    artifact.id = ArtifactId{static_cast<std::int64_t>(artifacts.size()) + 1};
    artifact.kind = draft.kind;
    artifact.name = draft.name;
    artifacts.push_back(std::move(draft));
    co_return artifact;
  }

  /// All log lines, in the order of their numbers.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& [seq, event] : by_number()) {
      all.insert(all.end(), event.lines.begin(), event.lines.end());
    }
    return all;
  }

  /// Whether the numbers are 1, 2, 3 … without a gap.
  bool gapless(std::int64_t first = 1) const {
    std::int64_t next = first;
    for (const auto& [seq, event] : by_number()) {
      if (seq != next) return false;
      next = event.last_seq() + 1;
    }
    return true;
  }

  Step last_step;
  RunEnd last_end;
  std::string last_question;            ///< of a parked run
  std::vector<Step> rows;               ///< every row of a step, as it was written
  std::vector<CallRecord> calls;        ///< the audit log
  std::vector<Suspension> suspensions;  ///< of runs that were laid down
  std::deque<TaskCancel> task_cancels;  ///< to be taken
  std::vector<TaskCancelEnd> task_cancel_ends;

 private:
  std::map<std::int64_t, Event> by_number() const {
    std::map<std::int64_t, Event> sorted;
    for (const Event& event : events)
      sorted[event.seq] = event;
    return sorted;
  }

  void check_away() const {
    if (away) throw Failure(Code::unavailable, "no database", "", true);
  }

  void write(const Claim& claim, std::string what, std::vector<Event> more) {
    check_away();
    if (token_changed) throw LeaseLost(claim.run);
    if (!what.empty()) told.push_back(std::move(what));
    for (Event& event : more)
      events.push_back(std::move(event));
    if (away_after_writing > 0) {
      --away_after_writing;
      throw Failure(Code::unavailable, "the answer to COMMIT was lost", "", true);
    }
  }
};

/// A person who answers when the test says so.
class FakeDesk : public InputDesk {
 public:
  std::vector<LiveQuestion> asked;
  std::optional<InputReply> reply;
  std::optional<Failure> broken;
  bool lost = false;  ///< the claim is not ours any more
  int open = 0;

  Task<InputReply> ask(Claim claim, LiveQuestion question, Stop& stop) override {
    if (broken) throw *broken;
    const auto until = Clock::now() + question.limit;
    asked.push_back(std::move(question));
    ++open;
    while (!reply && !lost && !stop.requested() && Clock::now() < until)
      co_await pause_for(Milliseconds(1));
    --open;
    if (lost) throw LeaseLost(claim.run);
    co_return reply.value_or(InputReply{});
  }
};

class FakeLanes : public LanePool {
 public:
  std::vector<LaneRequest> opened;
  std::optional<Failure> broken;
  std::deque<LaneDiff> diffs;  ///< handed out one a look
  std::optional<Failure> diff_failure;
  bool never_answers = false;  ///< a remote that is silent: only cancellation ends open()

  Task<std::unique_ptr<LaneCheckout>> open(LaneRequest request) override {
    if (broken) throw *broken;
    opened.push_back(request);
    if (never_answers) co_await pause_for(std::chrono::hours(1));
    co_return std::make_unique<Lane>(*this);
  }

 private:
  class Lane : public LaneCheckout {
   public:
    explicit Lane(FakeLanes& pool) : pool_(pool) {}
    const std::filesystem::path& directory() const override { return directory_; }
    const std::string& branch() const override { return branch_; }
    const std::string& base() const override { return base_; }
    Task<std::optional<LaneDiff>> diff() override {
      if (pool_.diff_failure) throw *pool_.diff_failure;
      if (pool_.diffs.empty()) co_return std::nullopt;
      LaneDiff next = std::move(pool_.diffs.front());
      pool_.diffs.pop_front();
      co_return next;
    }

   private:
    FakeLanes& pool_;
    std::filesystem::path directory_ = "/lane";
    std::string branch_ = "opsroom/test/A";
    std::string base_ = "0123";
  };
};

/// Tools as functions. A tool that isn't there is unknown.
class FakeToolbox : public Toolbox {
 public:
  using Tool = std::function<Task<ToolResult>(ToolCall, CallListener*, Stop*)>;
  std::map<std::string, Tool> tools;
  std::set<std::string> safe;
  std::vector<ToolCall> calls;
  std::vector<Clock::time_point> trusted;  ///< what the open tools were told
  int open_tools = 0;
  std::deque<Failure> describe_failures;  ///< thrown one after the other

  std::unique_ptr<RunTools> open(std::filesystem::path) override {
    ++open_tools;
    return std::make_unique<Tools>(*this);
  }

  Task<ToolDescriptor> describe(std::string tool) override {
    if (!describe_failures.empty()) {
      const Failure failure = describe_failures.front();
      describe_failures.pop_front();
      throw failure;
    }
    if (!tools.contains(tool)) throw Failure(Code::not_found, "unknown tool '" + tool + "'");
    ToolDescriptor descriptor;
    descriptor.name = tool;
    descriptor.safe_to_repeat = safe.contains(tool);
    co_return descriptor;
  }

  std::vector<std::string> sources() const override { return {"fake"}; }

 private:
  class Tools : public RunTools {
   public:
    explicit Tools(FakeToolbox& box) : box_(box) {}
    Task<ToolResult> call(ToolCall call, CallListener& listener, Stop& stop) override {
      box_.calls.push_back(call);
      Tool tool = box_.tools.at(call.tool);
      auto running = tool(std::move(call), &listener, &stop);
      co_return co_await std::move(running);
    }
    void trust_until(Clock::time_point until) override { box_.trusted.push_back(until); }
    Task<> close() override {
      --box_.open_tools;
      co_return;
    }

   private:
    FakeToolbox& box_;
  };
};

class FakeWakeups : public Wakeups {
 public:
  void on_queue(std::function<void()> callback) override { queue = std::move(callback); }
  void on_cancel(std::function<void(RunId)> callback) override { cancel = std::move(callback); }
  void on_events(std::function<void(RunId)>) override {}
  std::function<void()> queue;
  std::function<void(RunId)> cancel;
};

}  // namespace opsroom::testing

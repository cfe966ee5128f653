#pragma once
#include "alarm.hpp"
#include "call_request.hpp"
#include "invocation.hpp"
#include "questions.hpp"
#include "state_seal.hpp"
#include "tasks.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <opsroom/plugin.h>
#include <optional>
#include <set>
#include <string>

namespace opsroom::sdk {

/// A request that entered the plugin, over all its entries.
struct Call {
  CallRequest request;
  std::string task;  ///< its id, once it may become one

  // Under the mutex of Calls.
  std::string context;                     ///< for the next entry
  std::shared_ptr<Invocation> entry;       ///< while it runs
  std::optional<Questions::Ticket> waits;  ///< for answers of a legacy client
  bool asking = false;                     ///< a legacy client is being asked
  bool cancelled = false;
  bool entered = false;  ///< runs, or waits for its turn
};

/// Everything that goes on inside one plugin: enters it with requests, one at a time when it is
/// not OPSROOM_CONCURRENT and else not too many, and sees each of them to its answer.
class Calls {
 public:
  /// What calls stand on; all of it outlives them.
  struct Ground {
    const opsroom_plugin& plugin;
    void* instance;
    Surroundings around;
    Alarm& alarm;
    std::string suffix;  ///< of a modern result: its last members and the closing brace
    std::string state_key;
  };

  /// `hand_over` is called before the plugin is entered, on the thread that called start() or
  /// another function that says so.
  /// `put_aside` takes an answer that may leave together with the next ones, or not.
  Calls(
      Ground ground, std::function<void()> hand_over, std::function<bool(std::string&)> put_aside
  );

  /// Enters the plugin on this thread. Throws RpcError when that can't be.
  void start(CallRequest request);
  /// Enters the plugin on this thread when that was the last answer it waited for.
  void take_response(const Message& response) { ground_.around.questions.take(response); }

  void cancel(const std::string& id);
  bool is_under_way(const std::string& id);

  // tasks/get, tasks/cancel and tasks/update. Throw RpcError.
  std::string task_status(const std::string& id) { return tasks_.get(id); }
  void cancel_task(const std::string& id);
  std::optional<Tasks::Resumed> take_task_answers(const std::string& id, const json& responses) {
    return tasks_.update(id, responses);
  }
  /// Enters the plugin on this thread.
  void resume(const Tasks::Resumed& resumed);

  /// The state a tool left with its question. Throws RpcError when it is not from here.
  std::string opened_state(std::string_view sealed, const CallRequest& request) const;

  /// Cancels what runs; false when some tool is still at it after the grace.
  bool wind_down(std::chrono::milliseconds grace);

 private:
  using CallPtr = std::shared_ptr<Call>;

  void enter(const CallPtr& call);
  void run(const CallPtr& call);
  std::shared_ptr<Invocation> opened(const CallPtr& call);
  Outcome invoke(const CallPtr& call, Invocation& entry);
  CallPtr next_in_line();
  void settle(const CallPtr& call, Outcome outcome);
  void ask(const CallPtr& call, Wants wants);
  void ask_legacy(const CallPtr& call, const Wants& wants);
  void resume(const CallPtr& call, const json& responses, const std::string& state);
  void answer(const CallPtr& call, const Outcome& outcome);
  void stop(const CallPtr& call);
  void say_last(const CallPtr& call, std::string line);
  bool forget(const CallPtr& call);

  static constexpr std::size_t most_calls = 1024;
  static constexpr std::size_t most_running = 64;  ///< each has a thread
  static constexpr std::size_t ended_kept = 64;

  const Ground ground_;
  const std::function<void()> hand_over_;
  const std::function<bool(std::string&)> put_aside_;
  const StateSeal seal_;
  Tasks tasks_;
  std::atomic<bool> retired_{false};

  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, CallPtr> by_id_;  ///< requests not answered yet
  std::set<CallPtr> adopted_;             ///< tasks not over yet
  std::size_t running_ = 0;
  std::deque<CallPtr> line_;  ///< those that wait for their turn
  std::size_t entered_ = 0;
  /// Ended ones are kept a while: a plugin that still uses one is told apart, not obeyed.
  struct Ended {
    CallPtr call;
    std::shared_ptr<Invocation> entry;
  };
  std::deque<Ended> ended_;
};

}  // namespace opsroom::sdk

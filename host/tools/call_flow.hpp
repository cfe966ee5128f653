#pragma once

#include "base/stop.hpp"
#include "tools/call_state.hpp"
#include "tools/mcp_client.hpp"
#include "tools/server_call.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools {

/// The requests of one tool call, from the first to the one that ends it or puts it aside: rounds
/// of input, tasks, and a record of each. Lives as long as the call is awaited. Io thread only.
class CallFlow {
 public:
  /// `client`, `call` and `stop` outlive it.
  CallFlow(McpClient& client, const ServerCall& call, std::shared_ptr<CallSink> sink, Stop& stop);

  /// Something comes before the call itself: it goes on from a state, or must become a task.
  bool must_prepare() const;
  Task<> prepare();

  /// A tools/call is to be sent next.
  bool wants_call() const { return next_ == Next::call; }
  void send_call();
  /// To wait for what becomes of it.
  AnswerWait wait();
  /// Takes in how the waiting for it has ended. True: `go_on()` is next.
  bool take(Wake wake);
  Task<> go_on();

  /// Nothing was heard in time, or nobody wants to hear it any more.
  bool ended_early() const { return wake_ != Wake::answered && wake_ != Wake::peer_gone; }
  /// The server did not answer what it must always answer at once.
  bool server_is_suspect() const { return suspect_; }
  /// Tells the server so.
  void give_up();
  /// What came of it, with what still came since: to be moved out.
  ToolResult& conclude();

  const ServerCall& call() const { return call_; }

 private:
  CallLimits limits() const;
  enum class Next { call, over };
  /// What a server asks for, sorted by who answers.
  struct Inputs {
    Json given = Json::object();
    Json forms = Json::object();
    std::vector<InputAsk> asks;
  };

  Task<> learn_tasks();
  Task<> go_on_from(CallState state);
  void fail(const Failure& failure, Delivery delivery);
  void suspend(CallState state, std::vector<InputAsk> asks, std::optional<Milliseconds> look_again);
  Task<> end_what_was_laid_down(CallState state);
  std::string why(const std::vector<InputAsk>& asks) const;
  void note(const Exchange& exchange, std::string outcome);
  std::string outcome() const;

  // Rounds of input (input_rounds.cpp)
  Task<> take_input(Json payload);
  void take_urls(const Json& elicitations);
  Task<Inputs> sort_inputs(Json requests, std::set<std::string> answered);
  Task<> answer_by_host(std::string key, std::string method, Json params, Inputs& into);
  void resume_urls(const CallState& state);

  // Tasks (task_calls.cpp)
  Task<> begin_task(Json task);
  Task<> follow_legacy_task(Json task);
  Task<> follow_task(CallState state, Json task);
  Task<bool> resume_task(CallState& state);
  Task<bool> take_task_input(CallState& state, const Json& task);
  Task<> finish_legacy_task(std::string id, std::string status);
  void end_task(const Json& task);
  void lose_task(const std::string& id, const std::string& said);
  void miss_task(CallState state);
  void put_task_aside(CallState state, const Json& task);
  Task<> cancel_task(CallState state);
  bool outlived_by_task() const;
  Task<Wake> request(std::string method, Json params, Clock::duration patience);
  Task<bool> sleep(Clock::duration duration);

  McpClient& client_;
  const ServerCall& call_;
  std::shared_ptr<CallSink> sink_;
  Stop& stop_;
  std::shared_ptr<Exchange> exchange_;  ///< the request being awaited
  std::shared_ptr<Exchange> created_;   ///< the call that became a task, whose progress goes on
  std::chrono::system_clock::time_point started_;
  Clock::time_point sent_;
  Next next_ = Next::call;
  Wake wake_ = Wake::answered;
  Pending pending_;
  ToolResult result_;
  std::vector<CallRecord> records_;
  std::string argument_sha256_;
  int round_ = 1;
  int bare_rounds_ = 0;  ///< in a row that asked for nothing
  Json responses_;
  std::optional<std::string> request_state_;
  bool as_task_ = false;
  std::string task_;  ///< that is being followed here
  bool suspect_ = false;
};

}  // namespace opsroom::tools

#pragma once

#include "tools/call_sink.hpp"
#include "tools/call_state.hpp"
#include "tools/inprocess_plugin.hpp"
#include "tools/mcp_client.hpp"
#include "tools/server_call.hpp"

#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools {

/// One call of a tool in this process, from its first entry to the one that ends it or puts it
/// aside: what CallFlow is for a server. Lives as long as it is awaited. Io thread only.
class InprocessCall {
 public:
  /// `plugin` is open. All that is given by reference outlives it.
  InprocessCall(
      asio::any_io_executor executor,
      InprocessPlugin& plugin,
      const SourceConfig& source,
      ServerCall call,
      std::shared_ptr<CallSink> sink,
      Stop& stop
  );

  /// Returns when the tool has, or 2 s after it should have.
  Task<ToolResult> run();

 private:
  void resume();
  Task<> enter_once();
  void enter();
  Invocation::Given given() const;
  Task<Wake> wait();
  Task<> wait_out_the_grace();
  bool ended();
  Task<> deliver(std::vector<Utterance> said);
  void take(Outcome outcome);
  void take_result(Said said);
  Task<> answer_or_fail(Asked asked);
  Task<> answer(Asked asked);
  void check(const InputAsk& ask) const;
  Task<Json> sampled(Json params);
  void fail(std::string error, Delivery delivery);
  void give_up_thread(Wake wake);
  void note();
  std::string outcome_word() const;

  asio::any_io_executor executor_;
  InprocessPlugin& plugin_;
  const SourceConfig& source_;
  ServerCall call_;
  std::shared_ptr<CallSink> sink_;
  Stop& stop_;
  const std::string arguments_;
  std::shared_ptr<Alarm> alarm_;
  TaskGroup delivering_;
  bool listener_busy_ = false;
  Clock::time_point last_sign_;
  std::shared_ptr<Invocation> invocation_;
  std::optional<Outcome> outcome_;
  std::optional<Asked> asked_;  ///< and not dealt with so far
  bool again_ = false;          ///< what it asked for was answered by the host
  int round_ = 1;
  Json responses_;
  std::string state_;
  std::chrono::system_clock::time_point started_;
  Clock::time_point entered_;
  std::size_t bytes_received_ = 0;
  ToolResult result_;
  std::vector<CallRecord> records_;
};

}  // namespace opsroom::tools

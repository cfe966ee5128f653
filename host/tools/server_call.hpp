#pragma once

#include "base/stop.hpp"
#include "tools/mcp_server.hpp"

#include <memory>

namespace opsroom::tools {

/// What becomes of the server after one call.
enum class Keep {
  stop_after,         ///< it was started for this call
  unless_it_stopped,  ///< it serves one run: it goes down with a call that must end early
  always,             ///< it serves others too: a call that must end early is only abandoned
};

struct ServerCall {
  ToolCall call;
  std::string name;       ///< the tool, without its source
  std::string directory;  ///< the lane
  Clock::duration idle_timeout{};
  Clock::time_point latest;
  Clock::duration total{};  ///< for the message: how long before `latest` the call began
  Keep keep = Keep::unless_it_stopped;
  Clock::duration input_limit = std::chrono::minutes(15);  ///< for a person, the process waiting
  Clock::duration task_hold{};  ///< how long a task is polled before the call is suspended
  Sampling sampling;            ///< answers sampling/createMessage; empty: refused
  std::string pin;              ///< for the audit record: digest of the tool surface as pinned
  std::string traceparent;      ///< W3C trace context of this call; empty: none is sent
};

/// A moment as Unix time in milliseconds, by the clock on the wall now.
std::int64_t unix_ms(Clock::time_point when);

/// One tools/call from sending to its outcome. A call that is stopped or times out returns when the
/// server's whole tree is gone (unless `Keep::always`), so nothing of it works on afterwards.
/// `call` and `stop` outlive it.
Task<ToolResult> call_on_server(
    std::shared_ptr<McpServer> server,
    const ServerCall& call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
);
/// A call that is gone before the task has begun.
Task<ToolResult>
call_on_server(std::shared_ptr<McpServer>, ServerCall&&, std::shared_ptr<CallSink>, Stop&) = delete;

}  // namespace opsroom::tools

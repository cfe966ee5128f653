#include "tools/server_call.hpp"

#include "tools/tools_config.hpp"

#include <fmt/format.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;
using Wake = McpClient::Wake;

constexpr Clock::duration grace = 2s;
constexpr Clock::duration stderr_patience = 2s;

std::int64_t unix_ms(Clock::time_point when) {
  const auto wall =
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(when - Clock::now());
  return std::chrono::duration_cast<Milliseconds>(wall.time_since_epoch()).count();
}

std::string cancel_reason(Wake wake, const Stop& stop) {
  if (wake == Wake::stopped) return std::string(stop_reason_name(stop.reason()));
  return wake == Wake::idle ? "no answer or progress in time" : "too long in total";
}

bool ended_early(Wake wake) {
  return wake != Wake::answered && wake != Wake::peer_gone;
}

void explain(ToolResult& result, Wake wake, const ServerCall& call, const Stop& stop) {
  if (!ended_early(wake)) return;
  const bool stopped = wake == Wake::stopped;
  result.canceled = stopped;
  result.timed_out = !stopped || stop.reason() == StopReason::timed_out;
  // An answer that came within the grace says more than the reason we stopped waiting for.
  if (result.delivery == Delivery::answered || result.delivery == Delivery::rejected) return;
  result.hint.clear();
  if (stopped) {
    result.error =
        fmt::format("{} was stopped: {}", call.call.tool, stop_reason_name(stop.reason()));
  } else if (wake == Wake::idle) {
    result.error = fmt::format(
        "{} gave no answer and no progress for {}", call.call.tool, duration_text(call.idle_timeout)
    );
    result.hint = "Raise the step's timeout, or \"timeout\" of its source in tools.json.";
  } else {
    result.error =
        fmt::format("{} took longer than {} in total", call.call.tool, duration_text(call.total));
    result.hint = "Raise the step's timeout, or \"maxTotal\" of its source in tools.json.";
  }
}

/// The server's tree ends; what it still answers within the grace is taken.
Task<> end_server(McpServer& server, bool at_once) {
  if (at_once) {
    co_await server.kill();
  } else {
    co_await server.stop(grace);
  }
}

}  // namespace

Task<ToolResult> call_on_server(
    std::shared_ptr<McpServer> server, ServerCall call, std::shared_ptr<CallSink> sink, Stop& stop
) {
  McpClient& client = server->client();
  const bool own = call.keep != Keep::always;
  // A shared server's stderr belongs to no single call.
  if (own) server->stderr_log().attach(sink);
  const auto exchange = client.start_call(
      mcp::CallContext{call.call, call.name, call.directory, unix_ms(call.latest)}, sink
  );
  auto waiting = client.wait(exchange, CallLimits{call.idle_timeout, call.latest}, stop);
  const Wake wake = co_await std::move(waiting);
  const bool lease_lost = wake == Wake::stopped && stop.reason() == StopReason::lease_lost;
  if (ended_early(wake)) client.cancel(exchange, cancel_reason(wake, stop));
  if (call.keep == Keep::stop_after || (own && ended_early(wake))) {
    co_await end_server(*server, lease_lost);
  } else if (own) {
    co_await server->settle(stderr_patience);
  }
  client.forget(exchange);
  ToolResult result = client.result(*exchange);
  explain(result, wake, call, stop);
  if (own) server->stderr_log().attach(nullptr);
  co_return result;
}

}  // namespace opsroom::tools

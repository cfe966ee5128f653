#include "tools/server_call.hpp"

#include "tools/call_flow.hpp"

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration grace = 2s;
constexpr Clock::duration stderr_patience = 2s;

/// The server's tree ends; what it still answers within the grace is taken.
Task<> end_server(McpServer& server, bool at_once) {
  if (at_once) {
    co_await server.kill();
  } else {
    co_await server.stop(grace);
  }
}

}  // namespace

std::int64_t unix_ms(Clock::time_point when) {
  const auto wall =
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(when - Clock::now());
  return std::chrono::duration_cast<Milliseconds>(wall.time_since_epoch()).count();
}

Task<ToolResult> call_on_server(
    std::shared_ptr<McpServer> server,
    const ServerCall& call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
) {
  const Keep keep = call.keep;
  const bool own = keep != Keep::always;
  // A shared server's stderr belongs to no single call.
  if (own) server->stderr_log().attach(sink);
  // Beside the coroutine, whose memory is used again and again as long as it is small.
  const auto flow = std::make_unique<CallFlow>(server->client(), call, std::move(sink), stop);
  if (flow->must_prepare()) {
    auto preparing = flow->prepare();
    co_await std::move(preparing);
  }
  while (flow->wants_call()) {
    flow->send_call();
    Wake wake = Wake::answered;
    {
      AnswerWait waiting = flow->wait();
      while (!waiting.over())
        co_await waiting.next();
      wake = waiting.wake();
    }
    if (!flow->take(wake)) break;
    auto going_on = flow->go_on();
    co_await std::move(going_on);
  }
  const bool ended_early = flow->ended_early();
  const bool lease_lost = ended_early && stop.reason() == StopReason::lease_lost;
  if (ended_early) flow->give_up();
  if (keep == Keep::stop_after || (own && (ended_early || flow->server_is_suspect()))) {
    co_await end_server(*server, lease_lost);
  } else if (own) {
    co_await server->settle(stderr_patience);
  }
  if (own) server->stderr_log().attach(nullptr);
  co_return std::move(flow->conclude());
}

}  // namespace opsroom::tools

#include "bench/mcp_room.hpp"

#include "bench/report.hpp"

#include <stdexcept>

namespace opsroom::bench {
namespace {

using namespace std::chrono_literals;

/// Its arguments are made once for all calls, as the peers' are.
tools::ServerCall server_call(Job job) {
  tools::ServerCall request;
  request.call.tool = "echo." + job.tool;
  request.call.arguments = std::move(job.arguments);
  request.call.run = RunId{1};
  request.call.step = "step";
  request.call.idempotency_key = "run-1-step";
  request.name = std::move(job.tool);
  request.directory = "/tmp";
  request.idle_timeout = 30s;
  request.total = 30s;
  request.keep = job.keep;
  return request;
}

Task<ToolResult> send(Room& room, const Server& server, tools::ServerCall& request) {
  request.latest = Clock::now() + request.total;
  auto sink = std::make_shared<tools::CallSink>(room.io.get_executor(), room.silent);
  return tools::call_on_server(server, request, std::move(sink), room.stop);
}

void check(const ToolResult& result) {
  if (!result.succeeded) throw std::runtime_error("a call failed: " + result.error);
}

Task<> call_again_and_again(Room& room, Server server, Job job, int count) {
  tools::ServerCall request = server_call(std::move(job));
  for (int i = 0; i < count; ++i) {
    auto calling = send(room, server, request);
    check(co_await std::move(calling));
  }
}

}  // namespace

Room::Room() : spawner(OPSROOM_SPAWN), launcher(spawner, {OPSROOM_PLUGINS, OPSROOM_RUNNER}, {}) {}

Task<Server> start(Room& room, const tools::SourceConfig& source) {
  auto starting = room.launcher.start(source, "/tmp", 30s, room.stop);
  co_return co_await std::move(starting);
}

Task<Server> start(Room& room, std::vector<std::string> argv) {
  tools::SourceConfig source;
  source.name = "echo";
  source.argv = std::move(argv);
  auto starting = start(room, source);
  co_return co_await std::move(starting);
}

Task<ToolResult> call(Room& room, Server server, Job job) {
  tools::ServerCall request = server_call(std::move(job));
  auto calling = send(room, server, request);
  ToolResult result = co_await std::move(calling);
  check(result);
  co_return result;
}

Task<> timed_calls(Room& room, Server server, Job job, int count, Times& times) {
  tools::ServerCall request = server_call(std::move(job));
  for (int i = 0; i < count; ++i) {
    const double begin = seconds_now();
    auto calling = send(room, server, request);
    check(co_await std::move(calling));
    times.push_back(seconds_now() - begin);
  }
}

Task<double> calls_a_second(Room& room, Server server, Job job, int callers, int rounds) {
  TaskGroup group(room.io.get_executor());
  std::exception_ptr failed;
  const auto on_error = [&failed](std::exception_ptr error) { failed = error; };
  const double begin = seconds_now();
  for (int i = 0; i < callers; ++i)
    group.start(call_again_and_again(room, server, job, rounds), on_error);
  co_await group.wait_until_at_most(0);
  if (failed) std::rethrow_exception(failed);
  co_return callers* rounds / (seconds_now() - begin);
}

}  // namespace opsroom::bench

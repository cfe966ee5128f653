// What talking to tools costs: our MCP client over two pipes beside the same bytes without JSON.
#include "bench/pipe_floor.hpp"
#include "bench/report.hpp"
#include "process/host_process.hpp"
#include "tools/server_call.hpp"
#include "tools/source_launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace opsroom::bench {
namespace {

using namespace std::chrono_literals;
using tools::Keep;

constexpr int turns = 10;
constexpr int small_calls = 500;     // a turn
constexpr int parallel_rounds = 50;  // a turn, of each caller
constexpr std::size_t in_flight = 32;
constexpr int big_calls = 8;  // a turn
constexpr std::size_t big_size = 1u << 20;
constexpr int starts = 30;
constexpr const char* small_text =
    "hello world, this is a small payload of some 64 characters......";

class Silent : public CallListener {
 public:
  Task<> log(std::string, std::string) override { co_return; }
  void progress(double, std::optional<double>, std::string) override {}
};

/// What all measurements share; outlives their coroutines.
struct Room {
  asio::io_context io{1};
  process::Spawner spawner{OPSROOM_SPAWN};
  Stop stop{io.get_executor()};
  tools::SourceLauncher launcher{spawner, {OPSROOM_PLUGINS, OPSROOM_RUNNER}, {}};
  Silent silent;
};

using Server = std::shared_ptr<tools::McpServer>;
using Times = std::vector<double>;  // seconds

Task<Server> start(Room& room, const tools::SourceConfig& source) {
  auto starting = room.launcher.start(source, "/tmp", 30s, room.stop);
  co_return co_await std::move(starting);
}

Task<ToolResult> call(Room& room, Server server, std::string name, Json arguments, Keep keep) {
  tools::ServerCall job;
  job.call.tool = "echo." + name;
  job.call.arguments = std::move(arguments);
  job.call.run = RunId{1};
  job.call.step = "step";
  job.call.idempotency_key = "run-1-step";
  job.name = std::move(name);
  job.directory = "/tmp";
  job.idle_timeout = 30s;
  job.total = 30s;
  job.latest = Clock::now() + job.total;
  job.keep = keep;
  const auto sink = std::make_shared<tools::CallSink>(room.io.get_executor(), room.silent);
  auto calling = tools::call_on_server(server, std::move(job), sink, room.stop);
  ToolResult result = co_await std::move(calling);
  if (!result.succeeded) throw std::runtime_error("a call failed: " + result.error);
  co_return result;
}

Task<> timed_calls(
    Room& room, Server server, std::string name, Json arguments, Keep keep, int count, Times& times
) {
  for (int i = 0; i < count; ++i) {
    const double begin = seconds_now();
    auto calling = call(room, server, name, arguments, keep);
    co_await std::move(calling);
    times.push_back(seconds_now() - begin);
  }
}

Task<> call_again_and_again(Room& room, Server server, int count) {
  for (int i = 0; i < count; ++i) {
    auto calling = call(room, server, "echo", Json{{"text", small_text}}, Keep::always);
    co_await std::move(calling);
  }
}

Task<double> calls_a_second(Room& room, Server server) {
  TaskGroup callers(room.io.get_executor());
  std::exception_ptr failed;
  const auto on_error = [&failed](std::exception_ptr error) { failed = error; };
  const double begin = seconds_now();
  for (std::size_t i = 0; i < in_flight; ++i)
    callers.start(call_again_and_again(room, server, parallel_rounds), on_error);
  co_await callers.wait_until_at_most(0);
  if (failed) std::rethrow_exception(failed);
  co_return in_flight* parallel_rounds / (seconds_now() - begin);
}

/// A floor that carries what the server's last exchange carried, byte for byte as many.
Task<std::unique_ptr<PipeFloor>> floor_of_last_call(Room& room, Server server) {
  auto asking = call(room, server, "sizes", Json::object(), Keep::always);
  const ToolResult sizes = co_await std::move(asking);
  std::istringstream words(sizes.output.at("text").get<std::string>());
  std::size_t in = 0;
  std::size_t out = 0;
  words >> in >> out;
  co_return std::make_unique<PipeFloor>(OPSROOM_ECHO_SERVER, in, out);
}

void timed_exchanges(PipeFloor& floor, int count, Times& times) {
  for (int i = 0; i < count; ++i) {
    const double begin = seconds_now();
    floor.exchange(1);
    times.push_back(seconds_now() - begin);
  }
}

double exchanges_a_second(PipeFloor& floor) {
  const double begin = seconds_now();
  for (int i = 0; i < parallel_rounds; ++i)
    floor.exchange(in_flight);
  return in_flight * parallel_rounds / (seconds_now() - begin);
}

/// Both sides in turns, so that whatever else the machine does meets both.
Task<> measure_small(Room& room, Server server, PipeFloor& floor, Report& report) {
  const Json arguments{{"text", small_text}};
  Times of_floor;
  Times plain;
  Times of_step;
  for (int turn = 0; turn < turns; ++turn) {
    timed_exchanges(floor, small_calls, of_floor);
    auto calling = timed_calls(room, server, "echo", arguments, Keep::always, small_calls, plain);
    co_await std::move(calling);
    auto settling =
        timed_calls(room, server, "echo", arguments, Keep::unless_it_stopped, small_calls, of_step);
    co_await std::move(settling);
  }
  const double peer = median(of_floor) * 1e6;
  report.add({"small call, sequential, p50", "us", median(plain) * 1e6, peer, 4.0});
  report.add({"the same, stderr settled (as a step)", "us", median(of_step) * 1e6, peer, {}});
}

Task<> measure_many(Room& room, Server server, PipeFloor& floor, Report& report) {
  Times of_floor;
  Times ours;
  for (int turn = 0; turn < turns; ++turn) {
    of_floor.push_back(exchanges_a_second(floor));
    auto calling = calls_a_second(room, server);
    ours.push_back(co_await std::move(calling));
  }
  report.add({"32 in flight", "/s", median(ours), median(of_floor), {}});
}

Task<> measure_big(Room& room, Server server, Report& report) {
  const Json arguments{{"size", big_size}};
  Times ours;
  Times of_floor;
  auto warming = timed_calls(room, server, "big", arguments, Keep::always, big_calls, ours);
  co_await std::move(warming);
  auto measuring = floor_of_last_call(room, server);
  const auto floor = co_await std::move(measuring);
  ours.clear();
  for (int turn = 0; turn < turns; ++turn) {
    timed_exchanges(*floor, big_calls, of_floor);
    auto calling = timed_calls(room, server, "big", arguments, Keep::always, big_calls, ours);
    co_await std::move(calling);
  }
  report.add({"1 MiB response, p50", "ms", median(ours) * 1e3, median(of_floor) * 1e3, {}});
}

Task<> measure_calls(Room& room, Report& report) {
  tools::SourceConfig source;
  source.name = "echo";
  source.argv = {OPSROOM_ECHO_SERVER};
  auto starting = start(room, source);
  const Server server = co_await std::move(starting);
  Times warm;
  const Json arguments{{"text", small_text}};
  auto warming = timed_calls(room, server, "echo", arguments, Keep::always, small_calls, warm);
  co_await std::move(warming);
  auto measuring = floor_of_last_call(room, server);
  const auto floor = co_await std::move(measuring);
  timed_exchanges(*floor, small_calls, warm);
  co_await measure_small(room, server, *floor, report);
  co_await measure_many(room, server, *floor, report);
  co_await measure_big(room, server, report);
  co_await server->stop(2s);
}

Task<> measure_starts(Room& room, Report& report) {
  const tools::ToolsConfig config = tools::default_tools_config();
  const tools::SourceConfig& exec = config.sources.at("exec");
  std::vector<double> ours;
  std::vector<double> peer;
  for (int i = 0; i < starts; ++i) {
    double begin = seconds_now();
    auto starting = start(room, exec);
    const Server server = co_await std::move(starting);
    auto listing = server->client().list_tools(30s);
    const std::vector<Json> listed = co_await std::move(listing);
    if (listed.empty()) throw std::runtime_error("the plugin exec lists no tools");
    ours.push_back((seconds_now() - begin) * 1e3);
    co_await server->stop(2s);
    begin = seconds_now();
    start_and_wait_for_true();
    peer.push_back((seconds_now() - begin) * 1e3);
  }
  report.add({"plugin runner: start, discover, list", "ms", median(ours), median(peer), {}});
}

Task<> measure(Room& room, Report& report) {
  co_await measure_calls(room, report);
  co_await measure_starts(room, report);
}

int run(int argc, char** argv) {
  process::ignore_sigpipe();
  Report report("mcp", "the same bytes over pipes without JSON; /bin/true", argc, argv);
  Room room;
  std::exception_ptr failed;
  asio::co_spawn(room.io, measure(room, report), [&](std::exception_ptr error) {
    failed = error;
    room.io.stop();
  });
  room.io.run();
  if (failed) std::rethrow_exception(failed);
  return report.exit_code();
}

}  // namespace
}  // namespace opsroom::bench

int main(int argc, char** argv) try {
  return opsroom::bench::run(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_mcp: {}\n", error.what());
  return 70;
}

// What talking to tools costs: our MCP client over two pipes beside the same bytes without JSON,
// and beside the clients of the TypeScript SDKs, with the same servers.
#include "base/memory.hpp"
#include "bench/mcp_inprocess.hpp"
#include "bench/mcp_peers.hpp"
#include "bench/mcp_room.hpp"
#include "bench/pipe_floor.hpp"
#include "bench/report.hpp"

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
constexpr int in_flight = 32;
constexpr int big_calls = 8;  // a turn
constexpr int starts = 30;

/// A floor that carries what the server's last exchange carried, byte for byte as many.
Task<std::unique_ptr<PipeFloor>> floor_of_last_call(Room& room, Server server) {
  Job job{"sizes", Json::object()};
  auto asking = call(room, server, std::move(job));
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
  Times of_floor;
  Times plain;
  Times of_step;
  for (int turn = 0; turn < turns; ++turn) {
    timed_exchanges(floor, small_calls, of_floor);
    auto calling = timed_calls(room, server, small_job(), small_calls, plain);
    co_await std::move(calling);
    Job step = small_job();
    step.keep = Keep::unless_it_stopped;
    auto settling = timed_calls(room, server, std::move(step), small_calls, of_step);
    co_await std::move(settling);
  }
  const double peer = median(of_floor) * 1e6;
  report.add({"small_seq_p50 | pipe floor", "us", median(plain) * 1e6, peer, 2.0});
  report.add({"small_seq_p50 as a step | pipe floor", "us", median(of_step) * 1e6, peer, {}});
}

Task<> measure_many(Room& room, Server server, PipeFloor& floor, Report& report) {
  Times of_floor;
  Times ours;
  for (int turn = 0; turn < turns; ++turn) {
    of_floor.push_back(exchanges_a_second(floor));
    auto calling = calls_a_second(room, server, small_job(), in_flight, parallel_rounds);
    ours.push_back(co_await std::move(calling));
  }
  report.add({"in_flight_32 | pipe floor", "/s", overall(ours), overall(of_floor), {}});
}

Task<> measure_big(Room& room, Server server, Report& report) {
  Times ours;
  Times of_floor;
  auto warming = timed_calls(room, server, big_job(), big_calls, ours);
  co_await std::move(warming);
  auto measuring = floor_of_last_call(room, server);
  const auto floor = co_await std::move(measuring);
  ours.clear();
  for (int turn = 0; turn < turns; ++turn) {
    timed_exchanges(*floor, big_calls, of_floor);
    auto calling = timed_calls(room, server, big_job(), big_calls, ours);
    co_await std::move(calling);
  }
  const double peer = median(of_floor) * 1e3;
  report.add({"response_1mib_p50 | pipe floor", "ms", median(ours) * 1e3, peer, {}});
}

Task<> measure_calls(Room& room, Report& report) {
  auto starting = start(room, std::vector<std::string>{OPSROOM_ECHO_SERVER});
  const Server server = co_await std::move(starting);
  Times warm;
  auto warming = timed_calls(room, server, small_job(), small_calls, warm);
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
  co_await measure_peers(room, report);
  co_await measure_starts(room, report);
  co_await measure_inprocess(room, report);
}

void run_to_its_end(Room& room, Task<> task) {
  std::exception_ptr failed;
  asio::co_spawn(room.io, std::move(task), [&](std::exception_ptr error) {
    failed = error;
    room.io.stop();
  });
  room.io.run();
  if (failed) std::rethrow_exception(failed);
}

int run(int argc, char** argv) {
  return_large_blocks();
  process::ignore_sigpipe();
  Room room;
  if (argc == 2 && std::string_view(argv[1]) == memory_only) {
    run_to_its_end(room, use_memory(room));
    return 0;
  }
  Report report(
      "mcp",
      "named behind the bar: the same bytes over pipes without JSON, or a TypeScript SDK's",
      argc,
      argv
  );
  run_to_its_end(room, measure(room, report));
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

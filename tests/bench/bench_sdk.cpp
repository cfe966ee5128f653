// What a tool costs that was written with the SDK: its process, a call, its bytes, its compilation;
// beside the same tool on the TypeScript SDK.
#include "bench/pipe_floor.hpp"
#include "bench/raw_client.hpp"
#include "bench/report.hpp"
#include "bench/ts_peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <memory>
#include <opsroom/plugin.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace opsroom::bench {
namespace {

namespace fs = std::filesystem;
using Times = std::vector<double>;

constexpr int turns = 10;
constexpr int starts = 30;
constexpr int small_calls = 1000;   // a turn
constexpr int many_calls = 10'000;  // a turn
constexpr int warm_calls = 5000;    // what a just-in-time compiler wants to see
constexpr int in_flight = 32;

std::vector<std::string> runner() {
  return {OPSROOM_RUNNER, OPSROOM_ECHO_PLUGIN};
}

/// The plugin's own run-time is in it, as in each step: start, load, open, one call.
void measure_start(Report& report) {
  Times ours;
  for (int i = 0; i < starts; ++i) {
    const double begin = seconds_now();
    RawClient client(runner());
    client.call();
    ours.push_back((seconds_now() - begin) * 1e3);
  }
  report.add({"runner: start and first call | 10 ms", "ms", median(ours), 10.0, 1.0});
}

void measure_call(Report& report) {
  RawClient client(runner());
  client.calls(warm_calls, 1);
  PipeFloor floor(OPSROOM_ECHO_SERVER, client.request_bytes(), client.reply_bytes());
  Times ours;
  Times peer;
  for (int turn = 0; turn < turns; ++turn) {
    for (int i = 0; i < small_calls; ++i) {
      double begin = seconds_now();
      floor.exchange(1);
      peer.push_back(seconds_now() - begin);
      begin = seconds_now();
      client.call();
      ours.push_back(seconds_now() - begin);
    }
  }
  const double pipe = median(peer) * 1e6;
  report.add({"runner: call p50 | pipe floor", "us", median(ours) * 1e6, pipe, {}});
  report.add(
      {"runner: call p50 | 2 x pipe floor + 30 us", "us", median(ours) * 1e6, 2 * pipe + 30, 1.0}
  );
}

double calls_a_second(RawClient& client, int flights) {
  const double begin = seconds_now();
  client.calls(many_calls, flights);
  return many_calls / (seconds_now() - begin);
}

/// Both servers in turns under the same client, so that whatever else the machine does meets both.
void measure_beside_typescript(Report& report) {
  const std::string peers = peers_directory();
  if (peers.empty()) {
    fmt::print(
        stderr, "LEFT OUT: calls/s beside the TypeScript SDK: `./dev bench sdk` installs it.\n"
    );
    return;
  }
  for (const int flights : {1, in_flight}) {
    RawClient ours({OPSROOM_ECHO_MCP});
    RawClient theirs({"/usr/bin/env", "node", peers + "/sdk1_server.mjs"});
    ours.calls(warm_calls, flights);
    theirs.calls(warm_calls, flights);
    Times us;
    Times them;
    for (int turn = 0; turn < turns / 2; ++turn) {
      us.push_back(calls_a_second(ours, flights));
      them.push_back(calls_a_second(theirs, flights));
    }
    report.add(
        {fmt::format("server: calls, {} in flight | SDK 1 server", flights),
         "/s",
         median(us),
         median(them),
         1 / 4.0}
    );
  }
}

/// The smallest host there can be.
struct Lent {
  opsroom_call call{};
  std::size_t bytes = 0;

  Lent() {
    call.struct_size = sizeof call;
    call.cancel_fd = -1;
    call.host = this;
    call.workdir = {"/", 1};
    call.context = {"{}", 2};
    call.cancelled = [](void*) { return 0; };
    call.log = [](void*, int32_t, opsroom_text, opsroom_text) {};
    call.progress = [](void*, double, double, opsroom_text) {};
    call.artifact = [](void*, opsroom_text, opsroom_text, opsroom_text) -> opsroom_status {
      return OPSROOM_OK;
    };
    call.need_input = [](void*, opsroom_text, opsroom_text) {};
    call.result = [](void* host, opsroom_text text) {
      static_cast<Lent*>(host)->bytes += text.size;
    };
    call.extension = [](void*, const char*) -> const void* { return nullptr; };
  }
};

void measure_in_process(Report& report) {
  void* library = ::dlopen(OPSROOM_ECHO_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  const auto& plugin = *static_cast<const opsroom_plugin*>(::dlsym(library, OPSROOM_ENTRY));
  void* instance = nullptr;
  if (plugin.create({"{}", 2}, &instance) != OPSROOM_OK) throw std::runtime_error("no instance");
  const std::string arguments =
      R"({"text":"hello world, this is a small payload of some 64 characters......"})";
  Lent lent;
  Times ours;
  for (int i = 0; i < turns * small_calls; ++i) {
    const double begin = seconds_now();
    plugin.invoke(instance, {"echo", 4}, {arguments.data(), arguments.size()}, &lent.call);
    ours.push_back((seconds_now() - begin) * 1e6);
  }
  plugin.destroy(instance);
  report.add({"in process: call p50 | 5 us", "us", median(ours), 5.0, 1.0});
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

/// Of all children that have ended: what a compilation takes, whoever else is at work here.
double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double stripped_mib(const fs::path& library, const std::string& place) {
  run(fmt::format("strip -o {}/stripped.so {}", place, library.string()));
  return static_cast<double>(fs::file_size(place + "/stripped.so")) / (1 << 20);
}

/// The smallest that does anything, and the largest of those that come with the house.
void measure_sizes(Report& report, const std::string& place) {
  const double echo = stripped_mib(OPSROOM_ECHO_PLUGIN, place);
  report.add({"stripped plugin, two tools | 1 MiB", "MiB", echo, 1.0, 1.0});
  double most = 0;
  std::string largest;
  for (const auto& entry : fs::directory_iterator(OPSROOM_PLUGINS)) {
    if (entry.path().extension() != ".so") continue;
    const double size = stripped_mib(entry.path(), place);
    if (size > most) largest = entry.path().stem().string();
    most = std::max(most, size);
  }
  report.add({fmt::format("stripped plugin, {} | 1 MiB", largest), "MiB", most, 1.0, 1.0});
}

void measure_build(Report& report) {
  std::string place = (fs::temp_directory_path() / "opsroom-bench-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error("mkdtemp");
  const double begin = processor_seconds();
  run(fmt::format(
      "{} -std=c++20 -O2 -fPIC -DOPSROOM_PLUGIN_BUILD -I{} -c {} -o {}/echo.o",
      OPSROOM_CXX,
      OPSROOM_SDK_INCLUDE,
      OPSROOM_ECHO_SOURCE,
      place
  ));
  report.add({"compile a tool's source | 5 s", "s", processor_seconds() - begin, 5.0, 1.0});
  measure_sizes(report, place);
  fs::remove_all(place);
}

int run(int argc, char** argv) {
  Report report(
      "sdk",
      "named behind the bar: a bound, the same bytes over pipes, or a TypeScript SDK's server",
      argc,
      argv
  );
  measure_start(report);
  measure_call(report);
  measure_beside_typescript(report);
  measure_in_process(report);
  measure_build(report);
  return report.exit_code();
}

}  // namespace
}  // namespace opsroom::bench

int main(int argc, char** argv) try {
  return opsroom::bench::run(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_sdk: {}\n", error.what());
  return 70;
}

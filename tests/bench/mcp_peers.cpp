#include "bench/mcp_peers.hpp"

#include "bench/ts_peer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace opsroom::bench {
namespace {

using namespace std::chrono_literals;

// Machines have moods of half a second or so: turns are short, and go on through several of those.
constexpr int least_turns = 8;
constexpr Clock::duration least_time = 5s;
constexpr int small_calls = 400;  // a turn
constexpr int callers = 32;
constexpr int rounds = 300;   // a turn, of each caller
constexpr int big_calls = 8;  // a turn
constexpr int echoes = 200;   // of 1 MiB there and back
constexpr int echoes_at_a_time = 8;
constexpr int responses = 200;    // of 1 MiB
constexpr int warm_calls = 2000;  // what a just-in-time compiler wants to see
constexpr int warm_big_calls = 16;

/// What ours may cost beside the peer's.
struct Goals {
  double small;
  double many;
  double big;
};

constexpr Goals beside_a_raw_server{1 / 5.0, 1 / 6.0, 1 / 4.0};
constexpr Goals beside_its_own_server{1, 1, 1};
constexpr double memory_goal = 1 / 20.0;

double resident_mb() {
  std::FILE* status = std::fopen("/proc/self/status", "r");
  if (status == nullptr) throw std::runtime_error("/proc/self/status cannot be read");
  char line[256];
  long kilobytes = 0;
  while (std::fgets(line, sizeof line, status) != nullptr)
    std::sscanf(line, "VmRSS: %ld", &kilobytes);
  std::fclose(status);
  return static_cast<double>(kilobytes) / 1024;
}

double memory_of_a_fresh_one() {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  std::FILE* fresh = ::popen(fmt::format("'{}' {}", self, memory_only).c_str(), "r");
  if (fresh == nullptr) throw std::runtime_error("cannot start " + self);
  double megabytes = 0;
  const int read = std::fscanf(fresh, "%lf", &megabytes);
  if (::pclose(fresh) != 0 || read != 1) throw std::runtime_error("the fresh one failed");
  return megabytes;
}

class Turns {
 public:
  bool another() { return taken_++ < least_turns || Clock::now() - begin_ < least_time; }

 private:
  int taken_ = 0;
  const Clock::time_point begin_ = Clock::now();
};

void append(Times& times, const Times& more) {
  times.insert(times.end(), more.begin(), more.end());
}

/// Ours and theirs in turns, each with a server of its own.
class Pair {
 public:
  Pair(Room& room, std::string name, std::string sdk, std::vector<std::string> server)
      : room_(room), name_(std::move(name)), argv_(std::move(server)), theirs_(sdk, argv_) {}

  Task<> measure(Report& report, Goals goals) {
    auto starting = start(room_, argv_);
    ours_ = co_await std::move(starting);
    co_await warm_up();
    co_await small(report, goals.small);
    co_await many(report, goals.many);
    co_await big(report, goals.big);
    co_await ours_->stop(2s);
  }

 private:
  Task<> warm_up() {
    const Job job = small_job();
    theirs_.timed_calls(job.tool, job.arguments, warm_calls);
    Times ignored;
    auto calling = timed_calls(room_, ours_, job, warm_calls, ignored);
    co_await std::move(calling);
  }

  Task<> one_by_one(Job job, int count, Times& ours, Times& theirs) {
    for (Turns turns; turns.another();) {
      append(theirs, theirs_.timed_calls(job.tool, job.arguments, count));
      auto calling = timed_calls(room_, ours_, job, count, ours);
      co_await std::move(calling);
    }
  }

  Task<> small(Report& report, double goal) {
    Times ours;
    Times theirs;
    auto calling = one_by_one(small_job(), small_calls, ours, theirs);
    co_await std::move(calling);
    add(report, "small_seq_p50", "us", median(ours) * 1e6, median(theirs) * 1e6, goal);
  }

  Task<> big(Report& report, double goal) {
    Times ours;
    Times theirs;
    theirs_.timed_calls(big_job().tool, big_job().arguments, warm_big_calls);
    auto warming = timed_calls(room_, ours_, big_job(), warm_big_calls, ours);
    co_await std::move(warming);
    ours.clear();
    auto calling = one_by_one(big_job(), big_calls, ours, theirs);
    co_await std::move(calling);
    add(report, "response_1mib_p50", "ms", median(ours) * 1e3, median(theirs) * 1e3, goal);
  }

  Task<> many(Report& report, double goal) {
    Times ours;
    Times theirs;
    const Job job = small_job();
    // So many more of ours that both sides are looked at for about as long.
    const int our_rounds = static_cast<int>(std::lround(rounds / goal));
    theirs_.calls_a_second(job.tool, job.arguments, callers, rounds);
    for (Turns turns; turns.another();) {
      theirs.push_back(theirs_.calls_a_second(job.tool, job.arguments, callers, rounds));
      auto calling = calls_a_second(room_, ours_, job, callers, our_rounds);
      ours.push_back(co_await std::move(calling));
    }
    add(report, "in_flight_32", "/s", overall(ours), overall(theirs), goal);
  }

  void add(
      Report& report, const char* what, const char* unit, double ours, double theirs, double goal
  ) {
    report.add({fmt::format("{} | {}", what, name_), unit, ours, theirs, goal});
  }

  Room& room_;
  std::string name_;
  std::vector<std::string> argv_;
  TsPeer theirs_;
  Server ours_;
};

Job big_echo() {
  return {"echo", {{"text", std::string(1u << 20, 'x')}}};
}

void measure_memory(Report& report) {
  TsPeer theirs("1", {OPSROOM_ECHO_SERVER});
  const Job small = small_job();
  const Job echo = big_echo();
  const Job big = big_job();
  theirs.timed_calls(small.tool, small.arguments, warm_calls);
  theirs.timed_calls(echo.tool, echo.arguments, echoes);
  theirs.calls_a_second(echo.tool, echo.arguments, echoes_at_a_time, echoes / echoes_at_a_time);
  theirs.timed_calls(big.tool, big.arguments, responses);
  const double peer = theirs.resident_mb();
  report.add({"rss_after_200_mib | SDK 1 client", "MB", memory_of_a_fresh_one(), peer, memory_goal}
  );
}

void say_what_is_left_out() {
  fmt::print(
      stderr,
      "LEFT OUT: rss_after_200_mib, and small_seq_p50, in_flight_32 and response_1mib_p50 beside "
      "the TypeScript SDKs 1 and 2:\n"
      "their npm packages are not in OPSROOM_BENCH_NPM. `./dev bench mcp` installs them.\n"
  );
}

}  // namespace

Job small_job() {
  return {"echo", {{"text", "hello world, this is a small payload of some 64 characters......"}}};
}

Job big_job() {
  return {"big", {{"size", 1u << 20}}};
}

Task<> measure_peers(Room& room, Report& report) {
  const std::string peers = peers_directory();
  if (peers.empty()) {
    say_what_is_left_out();
    co_return;
  }
  {
    Pair raw(room, "SDK 1 client", "1", {OPSROOM_ECHO_SERVER});
    co_await raw.measure(report, beside_a_raw_server);
  }
  measure_memory(report);
  for (const char* sdk : {"1", "2"}) {
    const std::string script = fmt::format("{}/sdk{}_server.mjs", peers, sdk);
    Pair own(room, fmt::format("SDK {} client and server", sdk), sdk, {"node", script});
    co_await own.measure(report, beside_its_own_server);
  }
}

Task<> use_memory(Room& room) {
  auto starting = start(room, std::vector<std::string>{OPSROOM_ECHO_SERVER});
  const Server server = co_await std::move(starting);
  Times ignored;
  auto small = timed_calls(room, server, small_job(), warm_calls, ignored);
  co_await std::move(small);
  auto echo = timed_calls(room, server, big_echo(), echoes, ignored);
  co_await std::move(echo);
  auto many = calls_a_second(room, server, big_echo(), echoes_at_a_time, echoes / echoes_at_a_time);
  co_await std::move(many);
  auto big = timed_calls(room, server, big_job(), responses, ignored);
  co_await std::move(big);
  fmt::print("{:.2f}\n", resident_mb());
  std::fflush(stdout);
  co_await server->stop(2s);
}

}  // namespace opsroom::bench

// What the queue costs: claiming and finishing runs through the store, beside bare round trips to
// the same server over as many connections. The cluster is a private one with fsync off, so both
// sides are free of the disk. Then what lanes that write at the same time gain by sharing
// transactions, beside a transaction for each write; with the disk too.
#include "bench/report.hpp"
#include "store/pg_ledger.hpp"
#include "store/pg_run_queue.hpp"
#include "support/test_database.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <pqxx/pqxx>

#include <cstdio>
#include <stdexcept>
#include <thread>

namespace opsroom::bench {
namespace {

constexpr int connections = 4;
constexpr int lanes = 200;
constexpr int runs_a_lane = 10;
constexpr int runs = lanes * runs_a_lane;
constexpr int round_trips = 4000;  // of each connection
constexpr const char* worker = "bench";

/// Bare `select 1` a second: what this server and this machine can do at most.
double round_trips_a_second(const std::string& url) {
  std::vector<std::unique_ptr<pqxx::connection>> open;
  for (int i = 0; i < connections; ++i)
    open.push_back(std::make_unique<pqxx::connection>(url));
  const double begin = seconds_now();
  {
    std::vector<std::jthread> threads;
    for (const auto& connection : open) {
      threads.emplace_back([&connection = *connection] {
        pqxx::nontransaction tx(connection);
        for (int i = 0; i < round_trips; ++i)
          tx.exec("select 1");
      });
    }
  }
  return connections * round_trips / (seconds_now() - begin);
}

store::DatabaseOptions options_for(const std::string& url) {
  store::DatabaseOptions options;
  options.url = url;
  options.connections = connections;
  options.application_name = "opsroom bench";
  return options;
}

/// A database full of runs, every lane with its queue, and a worker's view of it.
struct Room {
  Room() {
    database.psql(fmt::format(
        "select ops.create_session('bench'); select count(ops.enqueue_run(1, 'L' || n % {}, "
        "'work'))"
        " from generate_series(0, {}) n; analyze",
        lanes,
        runs - 1
    ));
  }

  test::TestDatabase database;
  asio::io_context io{1};
  store::Database store{options_for(database.url())};
  store::PgRunQueue queue{store, std::chrono::seconds(600)};
};

Task<int> finish(Room& room, std::vector<ClaimedRun> claimed, std::size_t first, std::size_t step) {
  int finished = 0;
  for (std::size_t i = first; i < claimed.size(); i += step, ++finished) {
    auto finishing = room.queue.finish(claimed[i].claim, RunEnd{RunStatus::succeeded, {}, {}}, {});
    co_await std::move(finishing);
  }
  co_return finished;
}

/// One of several workers' slots: claims one run and finishes it, until none is left.
Task<> work_singly(Room& room, int& done) {
  while (done < runs) {
    auto claiming = room.queue.claim(worker, 1);
    auto claimed = co_await std::move(claiming);
    if (claimed.empty()) co_return;
    auto finishing = finish(room, std::move(claimed), 0, 1);
    done += co_await std::move(finishing);
  }
}

Task<> finish_share(
    Room& room, const std::vector<ClaimedRun>& claimed, std::size_t first, int& done
) {
  auto finishing = finish(room, claimed, first, connections);
  done += co_await std::move(finishing);
}

void rethrow(std::exception_ptr error) {
  std::rethrow_exception(error);
}

Task<> claim_singly(Room& room, int& done) {
  TaskGroup slots(room.io.get_executor());
  for (int i = 0; i < connections; ++i)
    slots.start(work_singly(room, done), rethrow);
  co_await slots.wait_until_at_most(0);
}

Task<> claim_by_hundreds(Room& room, int& done) {
  while (done < runs) {
    auto claiming = room.queue.claim(worker, 100);
    const std::vector<ClaimedRun> claimed = co_await std::move(claiming);
    if (claimed.empty()) co_return;
    TaskGroup finishers(room.io.get_executor());
    for (std::size_t i = 0; i < connections; ++i)
      finishers.start(finish_share(room, claimed, i, done), rethrow);
    co_await finishers.wait_until_at_most(0);
  }
}

using Work = Task<> (*)(Room& room, int& done);

Task<> registered(Room& room, Work work, int& done, double& seconds) {
  co_await room.queue.register_worker(worker, 100);
  const double begin = seconds_now();
  co_await work(room, done);
  seconds = seconds_now() - begin;
}

void measure(Report& report, const char* what, Work work) {
  Room room;
  const double peer = round_trips_a_second(room.database.url());
  int done = 0;
  double seconds = 0;
  std::exception_ptr failed;
  asio::co_spawn(room.io, registered(room, work, done, seconds), [&](std::exception_ptr error) {
    failed = error;
    room.io.stop();
  });
  room.io.run();
  if (failed) std::rethrow_exception(failed);
  if (done != runs) throw std::runtime_error(fmt::format("{} of {} runs were done", done, runs));
  report.add({what, "/s", done / seconds, peer, {}});
}

// What a step costs its lane: the write-ahead, its end, and the end of the run.

constexpr int writing_lanes = 32;
constexpr int writes_a_run = 3;

Step step_as(StepStatus status) {
  Step step;
  step.position = 1;
  step.id = "build";
  step.tool = "exec.run";
  step.status = status;
  step.arguments = Json{{"command", Json::array({"make", "-j2"})}};
  return step;
}

Task<> write_through(store::PgRunQueue& queue, Claim claim) {
  for (const StepStatus status : {StepStatus::running, StepStatus::succeeded}) {
    StepChange change{step_as(status)};
    co_await queue.write_step(claim, std::move(change));
  }
  RunEnd end{RunStatus::succeeded, {}, {}};
  std::vector<Event> events;
  co_await queue.finish(claim, std::move(end), std::move(events));
}

/// Every lane has a queue of its own, so nothing is shared but the connections.
Task<> write_apart(Room& room, Claim claim) {
  store::PgRunQueue own(room.store, std::chrono::seconds(600));
  co_await write_through(own, std::move(claim));
}

Task<> write_together(Room& room, Claim claim) {
  co_await write_through(room.queue, std::move(claim));
}

using WriteRun = Task<> (*)(Room& room, Claim claim);

/// A lane's worth of `claimed`, one run after the other.
Task<> write_lane(
    Room& room, const std::vector<ClaimedRun>& claimed, std::size_t lane, WriteRun write
) {
  for (std::size_t i = lane; i < claimed.size(); i += writing_lanes)
    co_await write(room, claimed[i].claim);
}

Task<> write_all(Room& room, WriteRun write, double& writes, double& seconds) {
  co_await room.queue.register_worker(worker, 100);
  auto claiming = room.queue.claim(worker, lanes);
  const std::vector<ClaimedRun> claimed = co_await std::move(claiming);
  const double begin = seconds_now();
  TaskGroup group(room.io.get_executor());
  for (std::size_t lane = 0; lane < writing_lanes; ++lane)
    group.start(write_lane(room, claimed, lane, write), rethrow);
  co_await group.wait_until_at_most(0);
  seconds += seconds_now() - begin;
  writes += static_cast<double>(claimed.size()) * writes_a_run;
}

double writes_a_second(Room& room, WriteRun write) {
  double writes = 0;
  double seconds = 0;
  for (int round = 0; round < 4; ++round) {
    std::exception_ptr failed;
    room.io.restart();
    asio::co_spawn(room.io, write_all(room, write, writes, seconds), [&](std::exception_ptr error) {
      failed = error;
      room.io.stop();
    });
    room.io.run();
    if (failed) std::rethrow_exception(failed);
  }
  return writes / seconds;
}

/// Both over one database, one after the other.
void measure_groups(Report& report, const char* what, bool disk) {
  Room room;
  const std::string on = disk ? "on" : "off";
  room.database.psql("alter system set fsync = " + on);
  room.database.psql("select pg_reload_conf()");
  const double apart = writes_a_second(room, write_apart);
  const double together = writes_a_second(room, write_together);
  room.database.psql("alter system reset fsync");
  report.add({what, "/s", together, apart, {}});
}

int run(int argc, char** argv) {
  Report report("queue", "`select 1` over as many connections (4)", argc, argv);
  measure(report, "claim one, finish it", claim_singly);
  measure(report, "claim 100 at once, finish each", claim_by_hundreds);
  Report groups("queue", "a transaction for each write (4 connections)", argc, argv);
  measure_groups(groups, "32 lanes' steps and ends, no disk", false);
  measure_groups(groups, "32 lanes' steps and ends, fsync", true);
  return report.exit_code();
}

}  // namespace
}  // namespace opsroom::bench

int main(int argc, char** argv) try {
  return opsroom::bench::run(argc, argv);
} catch (const std::exception& error) {
  fmt::print(stderr, "bench_queue: {}\n", error.what());
  return 70;
}

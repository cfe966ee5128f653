#pragma once

#include "integration/store/fixture.hpp"

#include <pqxx/result>
#include <pqxx/row>
#include <pqxx/transaction_base>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace opsroom::test {

/// Many workers and many people at once, each on a thread with a connection of its own. Enqueued
/// priorities make heads of lanes change places all the time.
class Crowd {
 public:
  Crowd(std::string url, SessionId session) : url_(std::move(url)), session_(session) {}

  /// Runs `task` on a thread of its own; what it throws is a failure of the test.
  template <class Function>
  void go(Function task) {
    threads_.emplace_back([this, task] {
      try {
        task();
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex_);
        broken_ = true;
        ADD_FAILURE() << error.what();
      }
    });
  }
  void join() {
    for (std::thread& thread : threads_)
      thread.join();
  }

  void enqueue_some(unsigned seed, int count) {
    Loop loop;
    store::Database database(options_for(url_, 1));
    store::PgLedger ledger(database);
    for (int i = 0; i < count; ++i) {
      NewRun run;
      run.session = session_;
      run.lane = lanes[(seed + static_cast<unsigned>(i)) % lanes.size()];
      run.priority = 100 - static_cast<int>((seed * 7 + static_cast<unsigned>(i) * 13) % 100);
      loop.wait(ledger.enqueue(std::move(run)));
    }
  }

  /// Claims and finishes until `total` runs have ended.
  void work(const std::string& worker, int total) {
    Loop loop;
    store::Database database(options_for(url_, 1));
    store::PgRunQueue queue(database, std::chrono::seconds(30));
    const auto give_up = Clock::now() + std::chrono::seconds(90);
    while (!broken_ && ended(loop, database) < total && Clock::now() < give_up) {
      for (const ClaimedRun& run : loop.wait(queue.claim(worker, 2)))
        tell(loop, queue, run);
    }
  }

  /// Cancels runs, and lets the leases of others run out under their workers, until all have ended.
  void disturb(unsigned seed, int total) {
    Loop loop;
    store::Database database(options_for(url_, 1));
    store::PgLedger ledger(database);
    std::minstd_rand random(seed);
    const auto give_up = Clock::now() + std::chrono::seconds(90);
    while (!broken_ && ended(loop, database) < total && Clock::now() < give_up) {
      const auto any = static_cast<std::int64_t>(1 + random() % static_cast<unsigned>(total));
      if (random() % 8 == 0) {
        try {
          loop.wait(ledger.cancel(RunId{any}, "crowd"));
        } catch (const Failure& failure) {
          if (failure.code() != Code::not_found) throw;
        }
      }
      auto expire = [any](pqxx::transaction_base& tx) {
        tx.exec_params(
            "update ops.runs set heartbeat_at = now() - interval '1 hour'"
            " where id = $1 and status = 'running'",
            any
        );
      };
      loop.wait(database.transaction(expire));
    }
  }

  static constexpr std::array<const char*, 5> lanes{"A", "B", "C", "D", "E"};
  std::atomic<int> lost{0};
  int doubled = 0;   ///< claims of one attempt by two
  int overlaps = 0;  ///< of runs in a lane, as their workers saw it

 private:
  int ended(Loop& loop, store::Database& database) {
    auto count = [](pqxx::transaction_base& tx) {
      return tx.exec1("select count(*) from ops.runs where finished_at is not null")[0].as<int>();
    };
    return loop.wait(database.transaction(count));
  }

  void tell(Loop& loop, RunQueue& queue, const ClaimedRun& run) {
    {
      const std::lock_guard lock(mutex_);
      if (++claims_[{run.claim.run.value, run.claim.attempt}] > 1) ++doubled;
      if (++active_[run.lane] > 1) ++overlaps;
    }
    std::this_thread::yield();
    {
      const std::lock_guard lock(mutex_);
      --active_[run.lane];
    }
    try {
      loop.wait(queue.finish(run.claim, RunEnd{RunStatus::succeeded, {}, {}}, {}));
    } catch (const LeaseLost&) {
      ++lost;
    }
  }

  std::string url_;
  SessionId session_;
  std::vector<std::thread> threads_;
  std::atomic<bool> broken_{false};
  std::mutex mutex_;
  std::map<std::pair<std::int64_t, int>, int> claims_;
  std::map<std::string, int> active_;
};

}  // namespace opsroom::test

#include "store/database.hpp"

#include "base/blocking.hpp"
#include "base/failure.hpp"
#include "ports/run_queue.hpp"
#include "store/connect.hpp"
#include "store/pg_failure.hpp"
#include "store/watchdog.hpp"

#include <pqxx/except>
#include <pqxx/transaction>

#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace opsroom::store {
namespace {

using ConnectionPtr = std::unique_ptr<pqxx::connection>;

constexpr int most_tries = 6;

void pause_before_retry(int tries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % (10u << tries)));
}

/// What to do about a transaction that failed.
struct Verdict {
  bool connection_is_good = false;
  bool again = false;
  std::exception_ptr error;
};

Verdict judge(std::exception_ptr thrown, const std::string& place) {
  try {
    std::rethrow_exception(thrown);
  } catch (const pqxx::in_doubt_error&) {
    return {false, false, std::make_exception_ptr(in_doubt_failure(place))};
  } catch (const pqxx::broken_connection&) {
    return {false, true, std::make_exception_ptr(broken_failure(place))};
  } catch (const pqxx::serialization_failure&) {
    return {true, true, std::make_exception_ptr(sql_failure("40001", "ERROR:  conflict", place))};
  } catch (const pqxx::deadlock_detected&) {
    return {true, true, std::make_exception_ptr(sql_failure("40P01", "ERROR:  deadlock", place))};
  } catch (const pqxx::statement_completion_unknown&) {
    return {false, false, std::make_exception_ptr(in_doubt_failure(place))};
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    if (const long run = lost_run(state, error.what())) {
      return {true, false, std::make_exception_ptr(LeaseLost(RunId{run}))};
    }
    const bool over = ends_session(state);
    const bool again = over || may_run_again(state);
    return {!over, again, std::make_exception_ptr(sql_failure(state, error.what(), place))};
  } catch (...) {
    return {true, false, thrown};
  }
}

}  // namespace

struct Database::Pool {
  explicit Pool(DatabaseOptions given)
      : options(std::move(given)),
        target(connection_target(options.url, options.application_name)),
        threads(std::max<std::size_t>(1, options.connections), "database") {}

  DatabaseOptions options;
  ConnectionTarget target;
  Watchdog watchdog;
  std::mutex mutex;
  std::vector<ConnectionPtr> idle;  ///< no more than there are threads
  std::atomic<bool> reachable{true};
  BlockingPool threads;  ///< last, so that it is joined while the rest is there

  ConnectionPtr take();
  void give(ConnectionPtr connection);
  void forget_idle();
  void attempt(pqxx::connection& connection, const Body& body);
  void execute(const Body& body);
};

ConnectionPtr Database::Pool::take() {
  {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      ConnectionPtr connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
  }
  try {
    return connect(target, options.statement_timeout);
  } catch (...) {
    reachable = false;
    throw;
  }
}

void Database::Pool::give(ConnectionPtr connection) {
  if (!connection->is_open()) return;
  const std::lock_guard lock(mutex);
  idle.push_back(std::move(connection));
}

/// The others went down with the one that broke; better to find out now than one by one.
void Database::Pool::forget_idle() {
  std::vector<ConnectionPtr> gone;
  const std::lock_guard lock(mutex);
  gone.swap(idle);
}

void Database::Pool::attempt(pqxx::connection& connection, const Body& body) {
  const Watchdog::Watch watch(watchdog, connection.sock(), options.transaction_timeout);
  pqxx::work transaction(connection);
  body(transaction);
  transaction.commit();
}

void Database::Pool::execute(const Body& body) {
  const auto give_up = Clock::now() + options.transaction_timeout;
  for (int tries = 1;; ++tries) {
    ConnectionPtr connection = take();
    std::exception_ptr thrown;
    try {
      attempt(*connection, body);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (!thrown) {
      reachable = true;
      give(std::move(connection));
      return;
    }
    Verdict verdict = judge(thrown, target.place);
    if (verdict.connection_is_good && connection->is_open()) {
      reachable = true;
      give(std::move(connection));
    } else {
      reachable = false;
      connection.reset();
      forget_idle();
    }
    if (!verdict.again || tries == most_tries || Clock::now() > give_up)
      std::rethrow_exception(verdict.error);
    pause_before_retry(tries);
  }
}

Database::Database(DatabaseOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Database::~Database() = default;

Task<> Database::run(Body body) {
  auto work = [pool = pool_.get(), &body] { pool->execute(body); };
  co_await pool_->threads.run(std::move(work));
}

Task<> Database::check() {
  auto body = [](pqxx::transaction_base& tx) { tx.exec1("select 1"); };
  co_await transaction(std::move(body));
}

bool Database::reachable() const noexcept {
  return pool_->reachable;
}

const std::string& Database::place() const noexcept {
  return pool_->target.place;
}

}  // namespace opsroom::store

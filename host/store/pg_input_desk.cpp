#include "store/pg_input_desk.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "ports/run_queue.hpp"
#include "store/rows.hpp"

#include <boost/asio/detached.hpp>
#include <pqxx/transaction_base>
#include <spdlog/spdlog.h>

#include <map>

namespace opsroom::store {
namespace {

using Tx = pqxx::transaction_base;

constexpr Milliseconds look_interval{1'000};

/// Rings when something may have happened to a question; remembers it while nobody waits.
class Bell {
 public:
  explicit Bell(asio::any_io_executor executor) : signal_(std::move(executor)) {}

  void ring() {
    rang_ = true;
    signal_.notify();
  }
  void hush() { rang_ = false; }

  Task<> wait_for(Clock::duration duration) {
    if (!rang_) co_await signal_.wait_for(duration);
  }

 private:
  Signal signal_;
  bool rang_ = false;
};

/// The question of that nonce, if the claim still holds its run.
InputRequest look_at(Tx& tx, const Claim& claim, const std::string& nonce) {
  const pqxx::result rows = tx.exec_params(
      "select " + input_columns("i") +
          " from ops.input_requests i join ops.runs r on r.id = i.run_id"
          " where i.run_id = $1 and r.claim_token = $2::uuid and r.claimed_by is not null"
          " and r.status in ('running', 'waiting') and i.nonce = $3::uuid",
      claim.run.value,
      claim.token,
      nonce
  );
  if (rows.empty()) throw LeaseLost(claim.run);
  return input_from(rows[0]);
}

InputRequest close_as(
    Tx& tx, const Claim& claim, const std::string& nonce, const std::string& outcome
) {
  const InputRequest now = look_at(tx, claim, nonce);
  return input_from(tx.exec_params1(
      "select " + input_columns("i") + " from ops.close_live($1, $2::uuid, $3, $4) i",
      claim.run.value,
      claim.token,
      now.id.value,
      outcome
  ));
}

/// For a question whose asker is gone: nobody is left to tell of a failure.
Task<> withdraw(Database& database, std::weak_ptr<void> desk, Claim claim, std::string nonce) {
  if (desk.expired()) co_return;
  auto body = [&](Tx& tx) { close_as(tx, claim, nonce, "withdrawn"); };
  try {
    auto closing = database.transaction(std::move(body));
    co_await std::move(closing);
  } catch (const std::exception& error) {
    spdlog::debug("run {}: a question was not withdrawn: {}", claim.run, error.what());
  }
}

}  // namespace

/// Who waits for an answer to a question of which run.
struct PgInputDesk::Bells {
  std::multimap<std::int64_t, Bell*> of_run;

  void ring(RunId run) {
    const auto [begin, end] = of_run.equal_range(run.value);
    for (auto it = begin; it != end; ++it)
      it->second->ring();
  }
};

/// One question, from the asking to the answer.
struct PgInputDesk::Asking {
  Asking(
      asio::any_io_executor executor,
      Database& given,
      std::shared_ptr<Bells> all,
      Claim held,
      LiveQuestion asked,
      Stop& stopping
  )
      : database(given),
        bells(std::move(all)),
        claim(std::move(held)),
        question(std::move(asked)),
        stop(stopping),
        deadline(Clock::now() + question.limit),
        bell(std::move(executor)),
        registered(bells->of_run.emplace(claim.run.value, &bell)),
        subscription(stop.subscribe([this](StopReason) { bell.ring(); })) {}
  ~Asking() { bells->of_run.erase(registered); }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  Database& database;
  std::shared_ptr<Bells> bells;
  Claim claim;
  LiveQuestion question;
  Stop& stop;
  Clock::time_point deadline;
  std::string nonce = random_hex(16);
  Bell bell;
  std::multimap<std::int64_t, Bell*>::iterator registered;
  Stop::Subscription subscription;
  bool known = false;  ///< to the database

  bool over() const { return stop.requested() || Clock::now() >= deadline; }

  Task<InputReply> answered();
  Task<InputRequest> look();
  Task<std::optional<InputRequest>> close();
  InputRequest make_known(Tx& tx) const;
};

InputRequest PgInputDesk::Asking::make_known(Tx& tx) const {
  return input_from(tx.exec_params1(
      "select " + input_columns("i") +
          " from ops.ask_live($1, $2::uuid, $3, $4, $5, $6, $7, $8::jsonb, $9, $10::uuid) i",
      claim.run.value,
      claim.token,
      question.position,
      printable_utf8(question.step),
      printable_utf8(question.tool),
      printable_utf8(question.ask.key),
      printable_utf8(question.ask.method),
      json_text(question.ask.params),
      std::chrono::duration_cast<Milliseconds>(deadline - Clock::now()).count(),
      nonce
  ));
}

Task<InputRequest> PgInputDesk::Asking::look() {
  auto body = [this](Tx& tx) { return known ? look_at(tx, claim, nonce) : make_known(tx); };
  auto looking = database.transaction(std::move(body));
  InputRequest now = co_await std::move(looking);
  known = true;
  co_return now;
}

/// Nullopt when the database cannot be told: then the deadline that it knows ends the question.
Task<std::optional<InputRequest>> PgInputDesk::Asking::close() {
  const std::string outcome = stop.requested() ? "withdrawn" : "expired";
  auto body = [this, &outcome](Tx& tx) { return close_as(tx, claim, nonce, outcome); };
  try {
    auto closing = database.transaction(std::move(body));
    co_return co_await std::move(closing);
  } catch (const Failure& failure) {
    if (!failure.retryable()) throw;
    spdlog::warn("run {}: a question could not be closed: {}", claim.run, failure.message());
  }
  co_return std::nullopt;
}

Task<InputReply> PgInputDesk::Asking::answered() {
  while (!over()) {
    bell.hush();
    try {
      const InputRequest now = co_await look();
      if (!now.open()) co_return now.reply.value_or(InputReply{});
    } catch (const Failure& failure) {
      if (!failure.retryable()) throw;
    }
    const auto left = deadline - Clock::now();
    co_await bell.wait_for(std::min<Clock::duration>(look_interval, left));
  }
  if (!known) co_return InputReply{};
  const std::optional<InputRequest> last = co_await close();
  co_return last ? last->reply.value_or(InputReply{}) : InputReply{};
}

PgInputDesk::PgInputDesk(asio::any_io_executor executor, Database& database, Wakeups& wakeups)
    : executor_(std::move(executor)), database_(database), bells_(std::make_shared<Bells>()) {
  wakeups.on_input([bells = bells_](RunId run) { bells->ring(run); });
}

PgInputDesk::~PgInputDesk() = default;

Task<InputReply> PgInputDesk::ask(Claim claim, LiveQuestion question, Stop& stop) {
  Asking asking(executor_, database_, bells_, std::move(claim), std::move(question), stop);
  std::exception_ptr error;
  try {
    auto answer = asking.answered();
    co_return co_await std::move(answer);
  } catch (const LeaseLost&) {
    throw;
  } catch (...) {
    error = std::current_exception();
  }
  std::weak_ptr<void> desk = bells_;
  auto withdrawing = withdraw(database_, std::move(desk), asking.claim, asking.nonce);
  asio::co_spawn(executor_, std::move(withdrawing), asio::detached);
  std::rethrow_exception(error);
}

}  // namespace opsroom::store

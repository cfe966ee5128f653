#include "store/pg_wakeups.hpp"

#include "base/blocking.hpp"
#include "base/failure.hpp"
#include "store/connect.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <pqxx/nontransaction>
#include <pqxx/notification>
#include <pqxx/result>
#include <pqxx/row>
#include <spdlog/spdlog.h>

#include <charconv>
#include <set>
#include <unistd.h>
#include <vector>

namespace opsroom::store {
namespace {

constexpr Milliseconds first_pause{100};
constexpr Milliseconds longest_pause{3'000};

/// What came in at once: many notifications for one run are one.
struct News {
  bool queue = false;
  std::set<std::int64_t> canceled;
  std::set<std::int64_t> told;
  std::set<std::int64_t> answered;
};

std::int64_t run_in(const std::string& payload) {
  std::int64_t run = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), run);
  return run;
}

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(
      pqxx::connection& connection,
      const std::string& channel,
      std::function<void(const std::string&)> take
  )
      : notification_receiver(connection, channel), take_(std::move(take)) {}
  void operator()(const std::string& payload, int) override { take_(payload); }

 private:
  std::function<void(const std::string&)> take_;
};

/// A connection that listens on the channels.
struct Line {
  explicit Line(std::unique_ptr<pqxx::connection> made) : connection(std::move(made)) {
    listen("ops_queue", [this](const std::string&) { news.queue = true; });
    listen("ops_cancel", [this](const std::string& run) { news.canceled.insert(run_in(run)); });
    listen("ops_events", [this](const std::string& run) { news.told.insert(run_in(run)); });
    listen("ops_input", [this](const std::string& run) { news.answered.insert(run_in(run)); });
  }

  /// Of held runs: their notifications may have gone by while nobody listened.
  void catch_up() {
    pqxx::nontransaction look(*connection);
    const auto held = look.exec(
        "select id, canceled_at is not null from ops.runs"
        " where status in ('running', 'waiting') and claimed_by is not null"
    );
    for (const pqxx::row row : held) {
      if (row[1].as<bool>()) news.canceled.insert(row[0].as<std::int64_t>());
      news.answered.insert(row[0].as<std::int64_t>());
    }
  }

  void listen(const std::string& channel, std::function<void(const std::string&)> take) {
    receivers.push_back(std::make_unique<Receiver>(*connection, channel, std::move(take)));
  }

  std::unique_ptr<pqxx::connection> connection;
  std::vector<std::unique_ptr<Receiver>> receivers;  ///< gone before the connection is
  News news;
};

}  // namespace

struct PgWakeups::Listener {
  Listener(asio::any_io_executor given, DatabaseOptions wanted)
      : executor(given),
        options(std::move(wanted)),
        target(connection_target(options.url, options.application_name + " (listening)")),
        wake(executor),
        running(executor),
        threads(1, "db-listen") {}

  asio::any_io_executor executor;
  DatabaseOptions options;
  ConnectionTarget target;
  std::function<void()> on_queue = [] {};
  std::function<void(RunId)> on_cancel = [](RunId) {};
  std::function<void(RunId)> on_events = [](RunId) {};
  std::function<void(RunId)> on_input = [](RunId) {};
  std::optional<asio::posix::stream_descriptor> socket;
  Signal wake;
  bool stopping = false;
  bool lost = false;
  TaskGroup running;
  BlockingPool threads;

  Task<> listen();
  Task<std::shared_ptr<Line>> connect_patiently();
  Task<> hear(std::shared_ptr<Line> line);
  void pass_on(News news);
  void say_lost(const std::string& why);
  void say_back();
};

Task<> PgWakeups::Listener::listen() {
  while (!stopping) {
    std::shared_ptr<Line> line = co_await connect_patiently();
    if (!line) break;
    std::string why;
    try {
      co_await hear(line);
    } catch (const std::exception& error) {
      why = error.what();
    }
    socket.reset();
    if (!stopping) say_lost(why);
    // Closing says good-bye to the server, which may not be there: not on the io thread.
    auto close = [&line] { line.reset(); };
    co_await threads.run(std::move(close));
    if (!stopping) co_await wake.wait_for(first_pause);
  }
}

/// Null when stopped meanwhile.
Task<std::shared_ptr<Line>> PgWakeups::Listener::connect_patiently() {
  auto pause = first_pause;
  while (!stopping) {
    std::string why;
    try {
      auto open = [this, missed = lost] {
        auto line = std::make_shared<Line>(connect(target, options.statement_timeout));
        if (missed) line->catch_up();
        return line;
      };
      std::shared_ptr<Line> line = co_await threads.run(std::move(open));
      say_back();
      co_return line;
    } catch (const std::exception& error) {
      why = error.what();
    }
    say_lost(why);
    if (!stopping) co_await wake.wait_for(pause);
    pause = std::min(pause * 2, longest_pause);
  }
  co_return nullptr;
}

/// Returns when stopped; throws when the connection broke.
Task<> PgWakeups::Listener::hear(std::shared_ptr<Line> line) {
  // A descriptor of our own on the same socket: libpq goes on owning and closing its one.
  socket.emplace(executor, ::dup(line->connection->sock()));
  while (!stopping) {
    line->connection->get_notifs();
    pass_on(std::exchange(line->news, {}));
    if (stopping) co_return;
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    co_await socket->async_wait(asio::posix::stream_descriptor::wait_read, token);
  }
}

void PgWakeups::Listener::pass_on(News news) {
  for (const std::int64_t run : news.canceled)
    on_cancel(RunId{run});
  for (const std::int64_t run : news.told)
    on_events(RunId{run});
  for (const std::int64_t run : news.answered)
    on_input(RunId{run});
  if (news.queue) on_queue();
}

void PgWakeups::Listener::say_lost(const std::string& why) {
  if (std::exchange(lost, true)) return;
  spdlog::warn("no news from {} ({}); looking by ourselves until it is back", target.place, why);
}

void PgWakeups::Listener::say_back() {
  if (!std::exchange(lost, false)) return;
  spdlog::info("news from {} again", target.place);
  on_queue();
}

PgWakeups::PgWakeups(asio::any_io_executor executor, DatabaseOptions options)
    : listener_(std::make_unique<Listener>(executor, std::move(options))) {}

PgWakeups::~PgWakeups() = default;

void PgWakeups::on_queue(std::function<void()> callback) {
  listener_->on_queue = std::move(callback);
}

void PgWakeups::on_cancel(std::function<void(RunId)> callback) {
  listener_->on_cancel = std::move(callback);
}

void PgWakeups::on_events(std::function<void(RunId)> callback) {
  listener_->on_events = std::move(callback);
}

void PgWakeups::on_input(std::function<void(RunId)> callback) {
  listener_->on_input = std::move(callback);
}

void PgWakeups::start() {
  listener_->running.start(listener_->listen(), [](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      spdlog::error("listening for news ended: {}", failure.what());
    }
  });
}

Task<> PgWakeups::stop() {
  listener_->stopping = true;
  if (listener_->socket) listener_->socket->cancel();
  listener_->wake.notify();
  co_await listener_->running.wait_until_at_most(0);
}

}  // namespace opsroom::store

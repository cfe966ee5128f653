#include "app/control_room.hpp"

#include "app/login.hpp"
#include "base/blocking.hpp"
#include "base/failure.hpp"
#include "store/database.hpp"
#include "store/migrator.hpp"
#include "store/pg_credentials.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/stat.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace opsroom::app {
namespace {

process::Environment whole_environment() {
  process::Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) {
      all[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
    }
  }
  return all;
}

store::DatabaseOptions one_connection(const std::string& url) {
  store::DatabaseOptions options;
  options.url = url;
  options.connections = 1;
  options.application_name = "opsroom up";
  return options;
}

}  // namespace

ControlRoom::ControlRoom(
    asio::any_io_executor executor, Settings settings, Layout layout, ControlRoomOptions options
)
    : executor_(executor),
      settings_(std::move(settings)),
      layout_(std::move(layout)),
      options_(std::move(options)),
      spawner_(layout_.spawn) {}

ControlRoom::~ControlRoom() = default;

Task<> ControlRoom::start() {
  make_directories(settings_.home);
  // 0711: as root, the database's own user has to pass through; what is secret inside is 0600.
  ::chmod(settings_.home.c_str(), ::geteuid() == 0 ? 0711 : 0700);
  lock_ = FileLock::try_lock(settings_.home / "up.lock");
  if (!lock_) {
    throw Failure(
        Code::conflict,
        fmt::format("opsroom is already up in {}", settings_.home.string()),
        "`opsroom login` prints a link to it; a second control room needs its own OPSROOM_HOME."
    );
  }
  co_await start_database();
  co_await prepare_database();
  co_await start_server();
  co_await start_worker();
  write_file(settings_.home / "url", url_ + "\n", 0600);
}

Task<> ControlRoom::start_database() {
  if (!settings_.database_url.empty()) {
    database_ = settings_.database_url;
    options_.say("database: the one of DATABASE_URL");
    co_return;
  }
  const ClusterPlace place = cluster_place(settings_.home);
  const bool fresh = !std::filesystem::exists(place.data);
  options_.say(fmt::format(
      "database: {} a private PostgreSQL in {}", fresh ? "making" : "starting", place.data.string()
  ));
  cluster_ = std::make_unique<PrivateCluster>(executor_, spawner_, place);
  co_await cluster_->start();
  database_ = place.url();
}

Task<> ControlRoom::prepare_database() {
  store::Migrator migrator(database_, layout_.migrations);
  BlockingPool thread(1, "migrate");
  auto work = [&migrator] { return migrator.up(); };
  const auto applied = co_await thread.run(work);
  if (!applied.empty())
    options_.say(fmt::format("database: {} migrations applied", applied.size()));
  store::Database database(one_connection(database_));
  store::PgCredentials credentials(database);
  co_await ensure_token(credentials, settings_.home);
}

/// Settings go by environment, not by argument: arguments are visible to every user of the machine.
process::SpawnSpec ControlRoom::part(std::string verb, std::vector<std::string> arguments) const {
  process::SpawnSpec spec;
  spec.argv = {layout_.executable.string(), std::move(verb)};
  for (std::string& argument : arguments)
    spec.argv.push_back(std::move(argument));
  spec.directory = std::filesystem::current_path();
  spec.environment = whole_environment();
  Settings settled = settings_;
  settled.database_url = database_;
  for (auto& [name, value] : as_environment(settled))
    spec.environment[name] = value;
  return spec;
}

Task<> ControlRoom::start_server() {
  std::vector<std::string> arguments;
  if (options_.try_next_ports) arguments.push_back("--try-next-ports");
  Part::Options part_options;
  part_options.name = "serve";
  part_options.spawn = part("serve", std::move(arguments));
  part_options.on_line = options_.on_line;
  // After a crash the page must come back where the browsers look for it.
  part_options.argv_again = [executable = layout_.executable.string()](const std::string& ready) {
    return std::vector<std::string>{
        executable, "serve", "--port", ready.substr(ready.rfind(':') + 1)
    };
  };
  server_ = std::make_unique<Part>(executor_, spawner_, std::move(part_options));
  const std::string ready = co_await server_->start(std::chrono::seconds(30));
  url_ = ready.substr(ready.find("http"));
  const std::string wanted = fmt::format(":{}", settings_.port);
  if (settings_.port != 0 && !url_.ends_with(wanted)) {
    options_.say(fmt::format("port {} is taken: the page is at {}", settings_.port, url_));
  }
}

Task<> ControlRoom::start_worker() {
  Part::Options part_options;
  part_options.name = "worker";
  part_options.spawn = part("worker", {});
  part_options.on_line = options_.on_line;
  worker_ = std::make_unique<Part>(executor_, spawner_, std::move(part_options));
  co_await worker_->start(std::chrono::seconds(30));
}

Task<> ControlRoom::supervise() {
  using namespace asio::experimental::awaitable_operators;
  auto server = server_->supervise();
  auto worker = worker_->supervise();
  auto cluster = watch_cluster();
  co_await (std::move(server) && std::move(worker) && std::move(cluster));
}

Task<> ControlRoom::watch_cluster() {
  while (cluster_ && !stopping_) {
    const process::ExitStatus status = co_await cluster_->exited();
    if (stopping_) break;
    spdlog::error("the private PostgreSQL {}; starting it again", status.text());
    std::optional<Failure> failed;
    try {
      co_await cluster_->start();
    } catch (const Failure& failure) {
      failed = failure;
    }
    // A stop that came while it started saw no server to end.
    if (stopping_) co_await cluster_->stop();
    if (failed && !stopping_) {
      spdlog::error("{}", failed->what());
      co_await pause_for(std::chrono::seconds(2));
    }
  }
}

Task<> ControlRoom::stop() {
  // Refused because another one is up here: what is in the data directory belongs to that one.
  if (!lock_) co_return;
  stopping_ = true;
  if (worker_) co_await worker_->stop(settings_.drain_grace + std::chrono::seconds(15));
  if (server_) co_await server_->stop(std::chrono::seconds(5));
  if (cluster_) co_await cluster_->stop();
  std::error_code ignored;
  std::filesystem::remove(settings_.home / "url", ignored);
}

void ControlRoom::hurry() {
  if (worker_) worker_->hurry();
  if (server_) server_->hurry();
}

void ControlRoom::reread() {
  if (worker_) worker_->reread();
}

Task<std::string> ControlRoom::new_login_link() {
  store::Database database(one_connection(database_));
  store::PgCredentials credentials(database);
  const std::string code = co_await new_login_code(credentials);
  co_return login_link(url_, code);
}

}  // namespace opsroom::app

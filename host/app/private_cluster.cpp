#include "app/private_cluster.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "process/line_reader.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace opsroom::app {
namespace {

namespace fs = std::filesystem;

/// Longest path of a unix socket, less "/.s.PGSQL.5432.lock" and the end.
constexpr std::size_t longest_socket_directory = 107 - 20;

std::optional<process::RunAs> unprivileged_user() {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) {
    throw Failure(
        Code::unavailable,
        "PostgreSQL refuses to run as root, and there is no user 'postgres'",
        "Install the package: apt-get install postgresql. Or set DATABASE_URL."
    );
  }
  return process::RunAs{user->pw_uid, user->pw_gid};
}

/// Whether a user that owns none of it may pass through every directory above `path`.
bool open_to_others(const fs::path& path) {
  for (fs::path above = path; above != above.root_path(); above = above.parent_path()) {
    struct stat found{};
    if (::stat(above.c_str(), &found) != 0) continue;
    if ((found.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

void give_to(const fs::path& path, const std::optional<process::RunAs>& owner) {
  if (::chmod(path.c_str(), 0700) != 0) {
    throw system_failure(errno, "chmod " + path.string());
  }
  if (owner && ::chown(path.c_str(), owner->uid, owner->gid) != 0) {
    throw system_failure(errno, "chown " + path.string());
  }
}

/// The postmaster of `data`, when it lives: its pid file names it, and its working directory proves
/// it. Where that may not be read (root in a container, without the right to trace the database's
/// user), the directory in the pid file has to do.
pid_t living_postmaster(const fs::path& data) {
  std::ifstream file(data / "postmaster.pid");
  pid_t pid = 0;
  std::string named;
  if (!(file >> pid >> std::ws) || pid <= 1) return 0;
  std::getline(file, named);
  std::error_code error;
  auto directory = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error);
  if (error == std::errc::permission_denied) {
    if (::kill(pid, 0) != 0 && errno != EPERM) return 0;
    directory = fs::canonical(named, error);
  }
  return !error && directory == fs::canonical(data, error) ? pid : 0;
}

/// A path as a value in the query of a URL.
std::string percent_encoded(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool plain = letter || (c >= '0' && c <= '9') || std::strchr("/-._~", c) != nullptr;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

/// For a home too long to hold a socket. As root below directories of root alone: nobody can have
/// put a link there for our chown to follow.
fs::path short_socket_directory(const std::string& digest) {
  if (::geteuid() != 0) return fs::path("/tmp") / ("opsroom-" + digest);
  if (fs::is_directory("/run")) return fs::path("/run/opsroom") / digest;
  return fs::path("/var/lib/opsroom") / digest / "run";
}

/// Its name in /tmp can be foreseen: one that somebody else has made is refused.
void make_own_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return;
  if (errno != EEXIST) throw system_failure(errno, "creating " + path.string());
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0)
    throw system_failure(errno, "looking at " + path.string());
  if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid()) return;
  throw Failure(
      Code::forbidden,
      fmt::format("{} is not a directory of this user", path.string()),
      "Remove it, or choose an OPSROOM_HOME with a shorter path."
  );
}

void make_socket_directory(const fs::path& path, const std::optional<process::RunAs>& owner) {
  if (path.parent_path() == "/tmp") {
    make_own_directory(path);
  } else {
    make_directories(path);
  }
  if (path.parent_path() == "/run/opsroom") ::chmod("/run/opsroom", 0711);
  give_to(path, owner);
}

}  // namespace

std::string ClusterPlace::url() const {
  return fmt::format(
      "postgresql:///opsroom?host={}&user=opsroom", percent_encoded(sockets.string())
  );
}

ClusterPlace cluster_place(const fs::path& home) {
  ClusterPlace place;
  fs::path root = home / "postgres";
  const std::string digest = sha256_hex(home.string()).substr(0, 12);
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user != nullptr) place.run_as = process::RunAs{user->pw_uid, user->pw_gid};
    if (!open_to_others(home)) root = fs::path("/var/lib/opsroom") / digest;
  }
  place.data = root / "data";
  place.sockets = root / "run";
  if (place.sockets.string().size() > longest_socket_directory) {
    place.sockets = short_socket_directory(digest);
  }
  return place;
}

fs::path find_postgres_programs() {
  fs::path best;
  int best_version = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string name = entry.path().filename().string();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version > best_version && fs::exists(entry.path() / "bin/initdb")) {
      best_version = version;
      best = entry.path() / "bin";
    }
  }
  if (best.empty()) {
    for (const char* directory : {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"}) {
      if (fs::exists(fs::path(directory) / "initdb")) return directory;
    }
    throw Failure(
        Code::not_found,
        "PostgreSQL's programs (initdb, postgres) are not on this machine",
        "Install them: apt-get install postgresql. Or set DATABASE_URL to an existing server."
    );
  }
  return best;
}

PrivateCluster::PrivateCluster(
    asio::any_io_executor executor, process::Spawner& spawner, ClusterPlace place
)
    : executor_(executor),
      spawner_(spawner),
      place_(std::move(place)),
      readers_(executor),
      changed_(executor) {}

process::SpawnSpec PrivateCluster::program(std::string name, std::vector<std::string> arguments)
    const {
  process::SpawnSpec spec;
  spec.argv.push_back((programs_ / name).string());
  for (std::string& argument : arguments)
    spec.argv.push_back(std::move(argument));
  spec.directory = place_.data.parent_path();
  spec.environment = process::base_environment();
  spec.environment["LC_ALL"] = "C.UTF-8";
  spec.environment["TZ"] = "UTC";
  spec.run_as = place_.run_as;
  return spec;
}

Task<> PrivateCluster::start() {
  programs_ = find_postgres_programs();
  unprivileged_user();  // says early, and clearly, when there is none
  make_directories(place_.data.parent_path());
  give_to(place_.data.parent_path(), place_.run_as);
  make_socket_directory(place_.sockets, place_.run_as);
  const bool adopted = co_await adopt();
  if (!adopted) {
    if (!fs::exists(place_.data / "PG_VERSION")) co_await initialise();
    co_await launch();
  }
  co_await make_database();
}

Task<> PrivateCluster::initialise() {
  // Built beside its place: a half-made cluster of a killed start is never taken for a whole one.
  const fs::path making = place_.data.parent_path() / "data.tmp";
  fs::remove_all(making);
  process::Command command;
  command.spawn = program(
      "initdb",
      {"-D",
       making.string(),
       "-U",
       "opsroom",
       "--auth-local=trust",
       "--auth-host=reject",
       "--encoding=UTF8",
       "--locale=C.UTF-8",
       "--no-instructions"}
  );
  command.timeout = std::chrono::minutes(2);
  auto running = process::run_command(spawner_, std::move(command));
  const process::CommandResult result = co_await std::move(running);
  if (!result.status.ok()) {
    throw Failure(
        Code::unavailable,
        fmt::format("initdb {} in {}: {}", result.status.text(), making.string(), result.err),
        "Check the disk space and the permissions there."
    );
  }
  fs::rename(making, place_.data);
}

Task<> PrivateCluster::launch() {
  auto spec = program(
      "postgres",
      {"-D",
       place_.data.string(),
       "-k",
       place_.sockets.string(),
       "-c",
       "listen_addresses=",
       "-c",
       "unix_socket_permissions=0700",
       "-c",
       "logging_collector=off",
       "-c",
       "max_connections=100",
       "-c",
       "log_timezone=UTC",
       "-c",
       "timezone=UTC"}
  );
  ready_ = false;
  auto starting = process::ChildProcess::start(spawner_, std::move(spec));
  server_ = co_await std::move(starting);
  readers_.start(keep_log(server_), [](std::exception_ptr) {
    spdlog::error("the log of the private PostgreSQL cannot be kept any more");
  });
  co_await wait_until_ready();
}

/// PostgreSQL says itself when it takes connections; recovery after a crash may take a while.
Task<> PrivateCluster::wait_until_ready() {
  const auto deadline = Clock::now() + std::chrono::minutes(5);
  while (!ready_) {
    if (server_->exit_status()) {
      co_await readers_.wait_until_at_most(0);
      throw Failure(
          Code::unavailable,
          fmt::format(
              "the private PostgreSQL in {} {}: {}",
              place_.data.string(),
              server_->exit_status()->text(),
              last_words_
          ),
          "Its log is postgres.log beside the data directory."
      );
    }
    if (Clock::now() > deadline) {
      throw Failure(
          Code::timeout,
          fmt::format(
              "the private PostgreSQL in {} is not ready after 5 minutes", place_.data.string()
          )
      );
    }
    co_await changed_.wait_for(std::chrono::seconds(1));
  }
}

Task<> PrivateCluster::keep_log(std::shared_ptr<process::ChildProcess> child) {
  std::ofstream log(place_.data.parent_path() / "postgres.log", std::ios::trunc);
  process::LineReader lines(child->err(), 64u << 10);
  while (auto line = co_await lines.next()) {
    log << *line << '\n' << std::flush;
    last_words_ = *line;
    if (line->find("database system is ready to accept connections") != std::string::npos) {
      ready_ = true;
    }
    changed_.notify();
  }
  changed_.notify();
}

Task<bool> PrivateCluster::adopt() {
  for (int tries = 0; tries < 50; ++tries) {
    const pid_t pid = living_postmaster(place_.data);
    if (pid == 0) co_return false;
    if (fs::exists(place_.sockets / ".s.PGSQL.5432")) {
      process::Command ready;
      ready.spawn = program("pg_isready", {"-q", "-h", place_.sockets.string()});
      ready.timeout = std::chrono::seconds(5);
      auto asking = process::run_command(spawner_, std::move(ready));
      const process::CommandResult answer = co_await std::move(asking);
      if (answer.status.ok()) {
        spdlog::info("adopting the private PostgreSQL that is still running (pid {})", pid);
        adopted_ = pid;
        server_.reset();
        co_return true;
      }
    }
    co_await pause_for(Milliseconds(200));
  }
  throw Failure(
      Code::unavailable,
      fmt::format("a PostgreSQL runs in {} but does not answer", place_.data.string()),
      "End it with `pg_ctl stop -m fast -D` on that directory, then start again."
  );
}

Task<> PrivateCluster::make_database() {
  process::Command command;
  command.spawn = program(
      "psql",
      {"-h",
       place_.sockets.string(),
       "-U",
       "opsroom",
       "-d",
       "postgres",
       "-qAtX",
       "-c",
       "select 1 from pg_database where datname = 'opsroom'"}
  );
  auto asking = process::run_command(spawner_, command);
  const process::CommandResult found = co_await std::move(asking);
  if (found.status.ok() && found.out.starts_with("1")) co_return;
  command.spawn = program("createdb", {"-h", place_.sockets.string(), "-U", "opsroom", "opsroom"});
  auto making = process::run_command(spawner_, std::move(command));
  const process::CommandResult made = co_await std::move(making);
  if (!made.status.ok()) {
    throw Failure(Code::unavailable, fmt::format("createdb {}: {}", made.status.text(), made.err));
  }
}

Task<process::ExitStatus> PrivateCluster::exited() {
  if (server_) co_return co_await server_->exited();
  while (living_postmaster(place_.data) == adopted_)
    co_await pause_for(std::chrono::seconds(1));
  co_return process::ExitStatus{};
}

Task<> PrivateCluster::stop() {
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written.
  if (server_) {
    if (!server_->exit_status()) ::kill(server_->pid(), SIGINT);
    auto ending = server_->gone();
    if (!co_await within(std::chrono::seconds(20), std::move(ending))) {
      server_->kill();
      co_await server_->gone();
    }
    co_await readers_.wait_until_at_most(0);
    co_return;
  }
  const pid_t pid = adopted_;
  if (pid <= 1 || living_postmaster(place_.data) != pid) co_return;
  ::kill(pid, SIGINT);
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while (living_postmaster(place_.data) == pid && Clock::now() < deadline) {
    co_await pause_for(Milliseconds(100));
  }
}

}  // namespace opsroom::app

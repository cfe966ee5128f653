#pragma once

#include "base/async.hpp"
#include "process/child_process.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::app {

/// Where the private cluster of a data directory lies, and as whom it runs.
struct ClusterPlace {
  std::filesystem::path data;
  std::filesystem::path sockets;
  std::optional<process::RunAs>
      run_as;  ///< set when this process is root: PostgreSQL refuses to be
  std::string url() const;
};

/// Deterministic, so that the CLI finds the cluster without asking anybody. Started as root, with a
/// data directory that the unprivileged user cannot reach (below /root), the cluster lies under
/// /var/lib/opsroom instead.
ClusterPlace cluster_place(const std::filesystem::path& home);

/// The directory of initdb and postgres: the newest below /usr/lib/postgresql, or that of
/// pg_config. Failure{not_found} names the package to install.
std::filesystem::path find_postgres_programs();

/// A PostgreSQL of our own on a unix socket, for `opsroom up` without DATABASE_URL. It dies with
/// the process that started it, and recovers at the next start; one that is found still running is
/// adopted. Io thread only.
class PrivateCluster {
 public:
  PrivateCluster(asio::any_io_executor executor, process::Spawner& spawner, ClusterPlace place);

  /// Makes the cluster when there is none, starts it, waits until it takes connections, makes the
  /// database `opsroom`. Failure carries PostgreSQL's last words.
  Task<> start();

  /// Ends when the server has ended (for the supervisor).
  Task<process::ExitStatus> exited();

  /// Fast shutdown, then SIGKILL after a while.
  Task<> stop();

  const ClusterPlace& place() const { return place_; }

 private:
  Task<> initialise();
  Task<> launch();
  Task<bool> adopt();
  Task<> wait_until_ready();
  Task<> make_database();
  Task<> keep_log(std::shared_ptr<process::ChildProcess> child);
  process::SpawnSpec program(std::string name, std::vector<std::string> arguments) const;

  asio::any_io_executor executor_;
  process::Spawner& spawner_;
  ClusterPlace place_;
  std::filesystem::path programs_;
  std::shared_ptr<process::ChildProcess> server_;
  TaskGroup readers_;
  bool ready_ = false;
  pid_t adopted_ = 0;
  std::string last_words_;
  Signal changed_;
};

}  // namespace opsroom::app

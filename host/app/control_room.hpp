#pragma once

#include "app/layout.hpp"
#include "app/part.hpp"
#include "app/private_cluster.hpp"
#include "app/settings.hpp"
#include "base/files.hpp"
#include "process/child_process.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::app {

struct ControlRoomOptions {
  bool try_next_ports = true;
  std::function<void(const std::string&)> say;      ///< progress, for people
  std::function<void(const std::string&)> on_line;  ///< log lines of the parts
};

/// Everything behind `opsroom up`: database, migrations, server and worker, as separate processes
/// that are started in order, kept running, and ended in reverse. One per data directory. Io thread
/// only.
class ControlRoom {
 public:
  ControlRoom(
      asio::any_io_executor executor, Settings settings, Layout layout, ControlRoomOptions options
  );
  ~ControlRoom();

  /// Returns when the page answers and the worker is ready. Failure{conflict} when another one
  /// holds the data directory.
  Task<> start();

  /// Keeps the parts running until stop().
  Task<> supervise();

  /// Drains the worker, ends the server, stops the database. May be called at any time, also again.
  Task<> stop();

  /// Makes a stop() under way, or a later one, quick: steps are cut short instead of finished.
  void hurry();

  /// Has tools.json read again.
  void reread();

  const std::string& url() const { return url_; }
  const std::string& database() const { return database_; }
  Task<std::string> new_login_link();

 private:
  Task<> start_database();
  Task<> prepare_database();
  Task<> start_server();
  Task<> start_worker();
  Task<> watch_cluster();
  process::SpawnSpec part(std::string verb, std::vector<std::string> arguments) const;

  asio::any_io_executor executor_;
  Settings settings_;
  Layout layout_;
  ControlRoomOptions options_;
  FileLock lock_;
  process::Spawner spawner_;
  std::unique_ptr<PrivateCluster> cluster_;
  std::unique_ptr<Part> server_;
  std::unique_ptr<Part> worker_;
  std::string database_;
  std::string url_;
  bool stopping_ = false;
};

}  // namespace opsroom::app

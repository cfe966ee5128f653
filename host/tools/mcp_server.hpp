#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "process/child_process.hpp"
#include "tools/mcp_client.hpp"
#include "tools/stderr_log.hpp"
#include "tools/stdio_channel.hpp"
#include "tools/trust.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// Which era each command line turned out to speak, so that only the first start has to find out.
/// A wrong memory costs a probe, never a failure.
class EraMemory {
 public:
  std::optional<Era> recall(const std::vector<std::string>& argv) const;
  void remember(const std::vector<std::string>& argv, Era era);

 private:
  std::map<std::vector<std::string>, Era> eras_;
};

/// All that is needed to start one server and to talk about it.
struct ServerSpec {
  std::string title;  ///< "server 'files'"
  std::string place;  ///< "tools.json: /mcpServers/files"
  bool is_plugin = false;
  process::SpawnSpec spawn;
  std::optional<std::filesystem::path> root;
  bool sampling = false;  ///< its sampling is answered by a tool
  std::string log_level = "info";
  std::function<void()> on_tools_changed;  ///< null: nobody listens
  std::shared_ptr<Trust> trust;            ///< null: no limit
  Clock::duration opening_timeout = std::chrono::seconds(30);
};

/// A running server: its process tree, its pipes and the conversation over them. Fails everything
/// in flight as soon as the process is dead, whoever still holds its pipes. Io thread only.
class McpServer : public std::enable_shared_from_this<McpServer> {
 public:
  /// Starts the server and opens the conversation; a server that dies of the probe is started again
  /// and opened as legacy. Throws Failure naming command, exit status and last stderr lines; no
  /// process is left then. `abort` ends the start. `spec.trust` holds from before the first
  /// request.
  static Task<std::shared_ptr<McpServer>> start(
      process::Spawner& spawner, ServerSpec spec, EraMemory& memory, Stop& abort
  );

  McpServer(
      asio::any_io_executor executor,
      std::unique_ptr<process::ChildProcess> child,
      const ServerSpec& spec
  );
  ~McpServer();

  McpClient& client() { return client_; }
  StdioChannel& channel() { return channel_; }
  StderrLog& stderr_log() { return stderr_; }
  bool alive() const { return !client_.ended(); }
  Clock::time_point started() const { return started_; }

  /// Gives stderr lines written so far the time to arrive, at most `deadline`.
  Task<> settle(Clock::duration deadline);

  /// Closes stdin, `grace`, SIGTERM, `grace`, SIGKILL; returns when the whole tree is gone.
  Task<> stop(Clock::duration grace);
  /// SIGKILL for the whole tree; returns when it is gone.
  Task<> kill();
  /// The same without waiting.
  void kill_now();

 private:
  void begin();
  static Task<> read(std::shared_ptr<McpServer> self);
  static Task<> drain_stderr(std::shared_ptr<McpServer> self);
  static Task<> await_exit(std::shared_ptr<McpServer> self);
  static Task<> watch(std::shared_ptr<McpServer> self);
  Task<> wait_for_quiet();
  Task<> finish();
  bool quiet();
  void report_end();
  std::string end_text() const;

  asio::any_io_executor executor_;
  std::shared_ptr<process::ChildProcess> child_;
  StdioChannel channel_;
  StderrLog stderr_;
  McpClient client_;
  std::string title_;
  bool is_plugin_;
  std::shared_ptr<Trust> trust_;
  TaskGroup loops_;
  Alarm over_;
  Clock::time_point started_ = Clock::now();
  bool exited_ = false;
  bool read_to_end_ = false;
};

}  // namespace opsroom::tools

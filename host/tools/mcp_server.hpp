#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "process/child_process.hpp"
#include "tools/era_memory.hpp"
#include "tools/mcp_client.hpp"
#include "tools/redactor.hpp"
#include "tools/stderr_log.hpp"
#include "tools/stdio_channel.hpp"
#include "tools/trust.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// All that is needed to start one server and to talk about it.
struct ServerSpec {
  std::string title;  ///< "server 'files'"
  std::string place;  ///< "tools.json: /mcpServers/files"
  bool is_plugin = false;
  process::SpawnSpec spawn;
  std::optional<std::filesystem::path> root;
  bool sampling = false;  ///< its sampling is answered by a tool
  std::string log_level = "info";
  std::function<void()> on_tools_changed;    ///< null: nobody listens
  std::shared_ptr<Trust> trust;              ///< null: no limit
  std::shared_ptr<EraMemory::Lookup> era;    ///< what is known of it; null: nothing
  std::shared_ptr<const Redactor> redactor;  ///< of what it says on stderr; null: none
  std::size_t max_message = StdioChannel::default_limit;
  Clock::duration opening_timeout = std::chrono::seconds(30);
};

/// A running server: its process tree, its pipes and the conversation over them. Fails everything
/// in flight as soon as the process is dead, whoever still holds its pipes. Io thread only.
class McpServer : public std::enable_shared_from_this<McpServer> {
 public:
  /// Starts the server and opens the conversation; a server that dies of the probe is started again
  /// and opened as legacy, one that is not what it was remembered as is started again and probed.
  /// Throws Failure naming command, exit status and last stderr lines; no process is left then.
  /// `abort` ends the start. `spec.trust` holds from before the first request.
  static Task<std::shared_ptr<McpServer>> start(
      process::Spawner& spawner, ServerSpec spec, Stop& abort
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
  /// It lives, and nobody has begun to end it.
  bool usable() const { return alive() && !ending_; }
  /// It has ended, or is about to, because this host wanted that, and not for being condemned.
  bool ended_on_purpose() const { return ending_ && !condemned_; }
  Clock::time_point started() const { return started_; }
  /// How it ended, with its last lines on stderr, for people.
  std::string end_text() const;

  /// From now on its end is told as `why`, and counts as its own fault. The caller kills it.
  void condemn(std::string why) { condemned_ = std::move(why); }

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

  asio::any_io_executor executor_;
  std::shared_ptr<process::ChildProcess> child_;
  StdioChannel channel_;
  StderrLog stderr_;
  McpClient client_;
  std::string title_;
  bool is_plugin_;
  std::shared_ptr<Trust> trust_;
  TaskGroup loops_;
  Alarm over_;  ///< rings for each of exited_, read_to_end_ and deaf_
  Clock::time_point started_ = Clock::now();
  std::optional<std::string> condemned_;
  bool ending_ = false;
  bool exited_ = false;
  bool deaf_ = false;  ///< takes no messages any more
  bool read_to_end_ = false;
};

}  // namespace opsroom::tools

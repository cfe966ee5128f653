#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <opsroom/plugin.h>
#include <string>

namespace opsroom {
namespace sdk {
class Server;
}

/// The protocol's two ends after guard_stdio(), out of reach of stray prints and child programs.
struct StdioPair {
  int in = -1;
  int out = -1;
};

/// Moves the protocol away from fds 0 and 1 (close-on-exec), points fd 0 at /dev/null and fd 1 at
/// stderr. Call it before any foreign code runs: afterwards a printf in a tool harms nobody.
/// Throws std::system_error.
StdioPair guard_stdio();

/// How a running server learns that its plugin offers something else now: share one between
/// ServeOptions::changes and whoever notices.
class Changes {
 public:
  /// Reads the plugin's manifest() anew, on this thread, and tells the client which of the lists of
  /// tools, resources and prompts differ (list_changed). From any thread and beside calls, from
  /// within one too; never two at a time. So the text that manifest() returns has to stay until it
  /// is called again. Calls that are under way go on. A list counts only if the first manifest had
  /// it, be it empty. Throws std::runtime_error when the manifest is wrong; then what was offered
  /// stays. Does nothing while no server runs.
  void announce();

 private:
  friend class sdk::Server;
  std::timed_mutex mutex_;
  std::function<void()> tell_;
};

struct ServeOptions {
  StdioPair stdio;
  std::string config = "{}";              ///< the operator's JSON object for the plugin
  std::chrono::milliseconds grace{3000};  ///< for calls under way once the client is gone
  std::size_t page_size = 0;              ///< most items a page of a list has; 0: all of them
  /// What the state of a question is sealed with, so that its answer is good in another process
  /// that has the same key. Empty: OPSROOM_STATE_KEY, and without that a random one.
  std::string state_key;
  /// For a server whose set of tools, resources or prompts changes while it runs; null: it does
  /// not.
  std::shared_ptr<Changes> changes;
};

/// What the environment says: OPSROOM_PLUGIN_CONFIG, OPSROOM_PAGE_SIZE. Throws
/// std::invalid_argument for a page size that is no number.
ServeOptions options_from_environment();

/// Serves one plugin over MCP on stdio: 2024-11-05 to 2025-11-25 and 2026-07-28, decided for each
/// request. Returns the exit code when stdin ends (0), a SIGTERM or SIGINT arrives (128 + signal),
/// the plugin can't be used (78) or the client breaks the framing (65); reasons go to stderr.
/// Ends the process itself when a tool ignores the cancel for longer than the grace.
int serve_stdio(const opsroom_plugin& plugin, const ServeOptions& options);

/// A whole main() behind guard_stdio(), with options_from_environment().
int serve_stdio_main(const opsroom_plugin& plugin, StdioPair stdio);

}  // namespace opsroom

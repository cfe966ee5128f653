#pragma once
#include <chrono>
#include <opsroom/plugin.h>
#include <string>

namespace opsroom {

/// The protocol's two ends after guard_stdio(), out of reach of stray prints and child programs.
struct StdioPair {
  int in = -1;
  int out = -1;
};

/// Moves the protocol away from fds 0 and 1 (close-on-exec), points fd 0 at /dev/null and fd 1 at
/// stderr. Call it before any foreign code runs: afterwards a printf in a tool harms nobody.
/// Throws std::system_error.
StdioPair guard_stdio();

struct ServeOptions {
  StdioPair stdio;
  std::string config = "{}";              ///< the operator's JSON object for the plugin
  std::chrono::milliseconds grace{3000};  ///< for calls under way once the client is gone
};

/// Serves one plugin over MCP on stdio: 2024-11-05 to 2025-11-25 and 2026-07-28, decided for each
/// request. Returns the exit code when stdin ends (0), a SIGTERM or SIGINT arrives (128 + signal),
/// the plugin can't be used (78) or the client breaks the framing (65); reasons go to stderr.
/// Ends the process itself when a tool ignores the cancel for longer than the grace.
int serve_stdio(const opsroom_plugin& plugin, const ServeOptions& options);

/// A whole main() behind guard_stdio(); OPSROOM_PLUGIN_CONFIG holds the plugin's settings.
int serve_stdio_main(const opsroom_plugin& plugin, StdioPair stdio);

}  // namespace opsroom

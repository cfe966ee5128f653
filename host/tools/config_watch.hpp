#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "tools/tools_config.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace opsroom::tools {

/// Reads tools.json again when it changes, however that is done: written in place, renamed over,
/// replaced through a symbolic link. What is no valid configuration is refused loudly, and nothing
/// changes. Io thread only.
class ConfigWatch {
 public:
  using Apply = std::function<void(ToolsConfig)>;
  using Refuse = std::function<void(const Failure&)>;

  /// Calls `apply` with each new content, `refuse` (null: the log) with what is wrong with it. Both
  /// are called on the io thread, and not after `stop` has returned.
  ConfigWatch(
      asio::any_io_executor executor, std::filesystem::path file, Apply apply, Refuse refuse = {}
  );
  ~ConfigWatch();

  /// Begins to watch. Where the system refuses that, the log says so, and `reread` still works.
  void start();

  /// Reads the file now, changed or not: its secrets may have changed (SIGHUP).
  void reread();

  /// Ends the watching; call before destroying.
  Task<> stop();

 private:
  struct State;
  static Task<> watch(std::shared_ptr<State> state);
  static Task<> serve(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace opsroom::tools

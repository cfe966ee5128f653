#pragma once

#include "tools/inprocess_plugin.hpp"
#include "tools/server_call.hpp"
#include "tools/source_launcher.hpp"
#include "tools/surface_guard.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace opsroom::tools {

/// The plugins that an operator lets into this process: one instance for each library and each
/// configuration of it, which stays until the end. Io thread only.
class InprocessPlugins {
 public:
  /// Hears that a thread is lost. `at_once`: it works on in a lane that another worker may have.
  using OnLostThread = std::function<void(bool at_once)>;

  /// `launcher` and `guard` outlive it.
  InprocessPlugins(
      asio::any_io_executor executor, const SourceLauncher& launcher, SurfaceGuard& guard
  )
      : executor_(std::move(executor)), launcher_(launcher), guard_(guard) {}

  /// What checked_call is for a server: the same checks, pins and results. Throws Failure when the
  /// plugin was not entered.
  Task<ToolResult> call(
      std::shared_ptr<const SourceConfig> source,
      ServerCall call,
      std::shared_ptr<CallSink> sink,
      Stop& stop
  );

  void on_lost_thread(OnLostThread tell) { on_lost_thread_ = std::move(tell); }
  /// How many threads did not come back from a plugin: such a process ends without running what
  /// runs at the end of others.
  std::size_t lost_threads() const { return lost_threads_; }

  /// The libraries that are not used any more in this process: their digests, and why.
  const std::map<std::string, std::string>& retired() const { return retired_; }

  /// Lets go of all of them, but for lost threads; nothing can be called afterwards.
  Task<> shutdown();

 private:
  Task<std::shared_ptr<InprocessPlugin>> open(
      std::shared_ptr<const SourceConfig> source, Clock::time_point until, Stop& stop
  );
  std::shared_ptr<InprocessPlugin> make(const SourceConfig& source, std::string config);
  void check_retired(const SourceConfig& source) const;

  asio::any_io_executor executor_;
  const SourceLauncher& launcher_;
  SurfaceGuard& guard_;
  OnLostThread on_lost_thread_;
  std::size_t lost_threads_ = 0;
  std::map<std::string, std::shared_ptr<InprocessPlugin>> plugins_;  ///< by digest and config
  std::map<std::string, std::string> retired_;
};

}  // namespace opsroom::tools

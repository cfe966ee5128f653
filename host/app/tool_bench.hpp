#pragma once

#include "app/layout.hpp"
#include "app/settings.hpp"
#include "base/async.hpp"
#include "base/stop.hpp"
#include "tools/pins.hpp"
#include "tools/process_toolbox.hpp"
#include "tools/source_launcher.hpp"
#include "tools/surface_guard.hpp"
#include "tools/tools_config.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::app {

/// The configured tools without a database, a worker or a run: what `opsroom tools` works at. The
/// directory one stands in is the lane. Io thread only.
struct ToolBench {
  asio::any_io_executor executor;
  const tools::ToolsConfig& config;
  std::filesystem::path lane;
  tools::ProcessToolbox& toolbox;
  tools::SourceLauncher& guarded;    ///< starts only what opsroom.lock allows
  tools::SourceLauncher& unguarded;  ///< to look at what it does not allow
  tools::SurfaceGuard& guard;
  tools::Pins& pins;
  Stop& stop;                                       ///< requested by Ctrl-C and SIGTERM
  std::shared_ptr<const tools::Redactor> redactor;  ///< for whatever a server says

  /// The sources of that name, or all for an empty list. Failure{not_found} names those there are.
  std::vector<tools::SourceConfig> sources(const std::vector<std::string>& names) const;
  tools::SourceConfig source(const std::string& name) const;
};

using BenchVerb = std::function<Task<int>(ToolBench&)>;

/// Runs `verb` to its end and returns its exit code; a Failure of the verb leaves. Ctrl-C requests
/// the stop; a second one ends this process, and with it all that it has started.
int at_tool_bench(const Settings& settings, const Layout& layout, BenchVerb verb);

/// Starts a source as the lock allows, hands it to `use` and ends it, whatever came of it.
Task<> with_server(
    ToolBench& bench,
    tools::SourceConfig source,
    std::function<Task<>(std::shared_ptr<tools::McpServer>)> use
);

/// What a source offers, as the lock allows. Throws Failure.
Task<std::shared_ptr<const tools::Offer>> offer_of(ToolBench& bench, tools::SourceConfig source);

}  // namespace opsroom::app

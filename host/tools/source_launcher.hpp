#pragma once

#include "tools/mcp_server.hpp"
#include "tools/surface_guard.hpp"
#include "tools/tools_config.hpp"

#include <filesystem>

namespace opsroom::tools {

/// Where the programs of this installation lie.
struct Paths {
  std::filesystem::path plugin_directory;
  std::filesystem::path runner;  ///< opsroom-plugin-runner
};

/// Turns a source's configuration into a running server. Io thread only.
class SourceLauncher {
 public:
  /// `spawner` outlives the launcher.
  SourceLauncher(process::Spawner& spawner, Paths paths, std::filesystem::path config_file)
      : spawner_(spawner), paths_(std::move(paths)), config_file_(std::move(config_file)) {}

  /// From now on nothing starts that `guard` does not admit; it outlives the launcher.
  void guard_with(SurfaceGuard& guard) { guard_ = &guard; }

  /// Starts `source` for a lane in `directory` (empty: for no lane). At most `patience` for the
  /// opening. `trust` limits its life, unless null. Throws Failure; see McpServer::start.
  Task<std::shared_ptr<McpServer>> start(
      const SourceConfig& source,
      std::filesystem::path directory,
      Clock::duration patience,
      Stop& abort,
      std::shared_ptr<Trust> trust = nullptr
  );

 private:
  ServerSpec spec_of(const SourceConfig& source, const std::filesystem::path& directory) const;
  std::filesystem::path working_directory(
      const SourceConfig& source, const std::filesystem::path& lane
  ) const;

  process::Spawner& spawner_;
  Paths paths_;
  std::filesystem::path config_file_;
  EraMemory eras_;
  SurfaceGuard* guard_ = nullptr;
};

}  // namespace opsroom::tools

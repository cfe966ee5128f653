#pragma once

#include "ports/server_memory.hpp"
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

  /// From now on the era of a server is asked of `eras` first; it outlives the launcher.
  void remember_in(EraMemory& eras) { eras_ = &eras; }
  /// From now on plugins get the key that `memory` keeps (may be null; outlives the launcher).
  void seal_with(ServerMemory* memory) { memory_ = memory; }

  /// What servers say on stderr is freed of these secrets; for those started later.
  void redact_with(std::shared_ptr<const Redactor> redactor) { redactor_ = std::move(redactor); }

  /// Starts `source` for a lane in `directory` (empty: for no lane). At most `patience` for the
  /// opening. `trust` limits its life, unless null. `source` outlives the call. Throws Failure; see
  /// McpServer::start.
  Task<std::shared_ptr<McpServer>> start(
      const SourceConfig& source,
      std::filesystem::path directory,
      Clock::duration patience,
      Stop& abort,
      std::shared_ptr<Trust> trust = nullptr
  );

  /// Failure when the source cannot be used as it is configured (a missing secret).
  static void must_be_usable(const SourceConfig& source);

  /// Where a plugin's library lies.
  std::filesystem::path library_of(const SourceConfig& source) const {
    return paths_.plugin_directory / source.library;
  }

  /// What `start` would start. Failure{not_found} when a file of opsroom or a plugin is not there.
  process::SpawnSpec spawn_of(const SourceConfig& source, const std::filesystem::path& directory)
      const {
    return spec_of(source, directory).spawn;
  }

 private:
  Task<> hand_over_key(process::SpawnSpec& spawn);
  ServerSpec spec_of(const SourceConfig& source, const std::filesystem::path& directory) const;
  std::filesystem::path working_directory(
      const SourceConfig& source, const std::filesystem::path& lane
  ) const;

  process::Spawner& spawner_;
  Paths paths_;
  std::filesystem::path config_file_;
  EraMemory* eras_ = nullptr;
  std::shared_ptr<const Redactor> redactor_;
  SurfaceGuard* guard_ = nullptr;
  ServerMemory* memory_ = nullptr;
  std::string state_key_;
};

}  // namespace opsroom::tools

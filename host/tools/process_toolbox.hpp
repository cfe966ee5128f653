#pragma once

#include "ports/toolbox.hpp"
#include "process/child_process.hpp"
#include "tools/catalogue.hpp"
#include "tools/era_memory.hpp"
#include "tools/inprocess_plugins.hpp"
#include "tools/lane_tools.hpp"
#include "tools/shared_server.hpp"
#include "tools/source_launcher.hpp"
#include "tools/surface_guard.hpp"
#include "tools/tools_config.hpp"

#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools {

/// The tools of tools.json, each behind a process of its own: plugins in one runner a step, MCP
/// servers per step, per run or shared by the host, as configured; and the plugins that an operator
/// lets into this one. SIGPIPE must be ignored in this process. Io thread only.
class ProcessToolbox : public Toolbox {
 public:
  /// `spawner` and `memory` (may be null) outlive the toolbox, and the toolbox every RunTools it
  /// has opened. The config's secrets appear in no log of this process from now on.
  ProcessToolbox(
      asio::any_io_executor executor,
      process::Spawner& spawner,
      ToolsConfig config,
      Paths paths,
      ServerMemory* memory = nullptr
  );
  ~ProcessToolbox() override;

  std::unique_ptr<RunTools> open(std::filesystem::path directory) override;
  /// Lists the tool's source first when nobody has; all who ask meanwhile share that listing and
  /// its failure, and the next one after a failure tries anew. A cancelled caller (Asio) leaves at
  /// once; the listing goes on for the others.
  Task<ToolDescriptor> describe(std::string tool) override;
  std::vector<std::string> sources() const override;

  /// From now on new calls go by `config`. What is the same in it keeps its processes; what is not,
  /// or is gone, is drained: calls under way end as they began.
  void reload(ToolsConfig config);

  /// The plugins in this process, for their lost threads.
  InprocessPlugins& inprocess() { return inprocess_; }

  /// All tools of a source, listing it once if needed. Throws Failure.
  Task<std::vector<ToolDescriptor>> list(std::string source);

  /// Ends the listings under way, the host-scoped servers and everything they started; nothing can
  /// be listed afterwards. Call before destroying.
  Task<> shutdown();

  /// A tool as people may see it.
  ToolDescriptor shown(ToolDescriptor tool) const;
  /// Knows the secrets of all sources, past ones too; never null.
  std::shared_ptr<const Redactor> redactor() const { return redactor_; }

 private:
  struct Listing;

  struct HostServer {
    SourceRef source;
    std::shared_ptr<SharedServer> server;
  };

  void take_sources(const ToolsConfig& config);
  void learn_secrets(const ToolsConfig& config);
  SourceRef source_of(const std::string& tool) const;
  Task<> make_listed(SourceRef source);
  std::shared_ptr<Listing> listing_of(const SourceRef& source);
  Task<> carry_out(SourceRef source, std::function<void(std::exception_ptr)> settle);
  Task<> list_source(SourceRef source);
  Task<> list_by_a_throwaway(SourceRef source);
  std::shared_ptr<SharedServer> host_server(const SourceRef& source);
  void retire(const std::shared_ptr<SharedServer>& server);

  asio::any_io_executor executor_;
  ToolsConfig config_;
  std::map<std::string, SourceRef, std::less<>> sources_;
  std::vector<Secret> secrets_;  ///< all that this process has ever known
  std::shared_ptr<const Redactor> redactor_;
  EraMemory eras_;
  SourceLauncher launcher_;
  Catalogue catalogue_;
  SurfaceGuard guard_;
  InprocessPlugins inprocess_;
  std::map<std::string, HostServer> host_servers_;
  std::vector<std::weak_ptr<SharedServer>> retired_;
  std::map<SourceRef, std::shared_ptr<Listing>> being_listed_;
  Stop end_listings_;
  TaskGroup listings_;
  TaskGroup draining_;
};

}  // namespace opsroom::tools

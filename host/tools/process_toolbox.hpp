#pragma once

#include "ports/toolbox.hpp"
#include "process/child_process.hpp"
#include "tools/catalogue.hpp"
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
/// servers per step, per run or shared by the host, as configured. SIGPIPE must be ignored in this
/// process. Io thread only.
class ProcessToolbox : public Toolbox {
 public:
  /// `spawner` outlives the toolbox, and the toolbox every RunTools it has opened.
  ProcessToolbox(
      asio::any_io_executor executor, process::Spawner& spawner, ToolsConfig config, Paths paths
  );
  ~ProcessToolbox() override;

  std::unique_ptr<RunTools> open(std::filesystem::path directory) override;
  /// Lists the tool's source first when nobody has; all who ask meanwhile share that listing and
  /// its failure, and the next one after a failure tries anew. A cancelled caller (Asio) leaves at
  /// once; the listing goes on for the others.
  Task<ToolDescriptor> describe(std::string tool) override;
  std::vector<std::string> sources() const override;

  /// All tools of a source, listing it once if needed. Throws Failure.
  Task<std::vector<ToolDescriptor>> list(std::string source);

  /// Ends the listings under way, the host-scoped servers and everything they started; nothing can
  /// be listed afterwards. Call before destroying.
  Task<> shutdown();

 private:
  struct Listing;

  Task<> make_listed(const SourceConfig& source);
  std::shared_ptr<Listing> listing_of(const SourceConfig& source);
  Task<> carry_out(const SourceConfig& source, std::function<void(std::exception_ptr)> settle);
  Task<> list_source(const SourceConfig& source);
  Task<> list_by_a_throwaway(const SourceConfig& source);
  SharedServer& host_server(const SourceConfig& source);

  asio::any_io_executor executor_;
  ToolsConfig config_;
  SourceLauncher launcher_;
  Catalogue catalogue_;
  SurfaceGuard guard_;
  std::map<std::string, std::unique_ptr<SharedServer>> host_servers_;
  std::map<std::string, std::shared_ptr<Listing>> being_listed_;
  Stop end_listings_;
  TaskGroup listings_;
};

}  // namespace opsroom::tools

#pragma once

#include "base/blocking.hpp"
#include "base/stop.hpp"
#include "tools/catalogue.hpp"
#include "tools/mcp_server.hpp"
#include "tools/pins.hpp"

#include <filesystem>
#include <map>
#include <memory>

namespace opsroom::tools {

/// Decides which sources may start and which of their tools may be shown or called: those that are
/// what opsroom.lock has pinned, or that it does not name. Every process of a source is listed
/// before its first use, and again when it says that its tools have changed. Io thread only.
class SurfaceGuard {
 public:
  /// `catalogue` outlives the guard.
  SurfaceGuard(
      asio::any_io_executor executor, Catalogue& catalogue, std::filesystem::path lock_file
  );

  /// Failure{forbidden} when the command of `source` is not as pinned, or the lock is strict and
  /// does not name it. To be asked before it is started.
  Task<> admit(const SourceConfig& source, process::SpawnSpec spawn);

  /// To be called with each new process. `changes` counts how often it said that its tools have
  /// changed, and is counted on by whoever listens to it.
  void watch(
      const std::shared_ptr<McpServer>& server, std::shared_ptr<const std::uint64_t> changes
  );

  /// What this very process offers, after its tools were found to be as pinned. Failure{forbidden}
  /// with the differences otherwise; Failure{canceled} when `stop` came first, Failure{timeout}
  /// after `until`. `source` outlives the call.
  Task<std::shared_ptr<const Offer>> offer_of(
      const SourceConfig& source,
      std::shared_ptr<McpServer> server,
      Clock::time_point until,
      Stop& stop
  );

  /// The same of tools that were listed without a process and never change: cheap when asked again
  /// with the same source and list.
  std::shared_ptr<const Offer> offer_of(
      const std::shared_ptr<const SourceConfig>& source,
      const std::shared_ptr<const std::vector<Json>>& listed
  );

  /// For checks that take long.
  BlockingPool& pool() { return pool_; }

 private:
  struct Watched;
  /// What was seen of a source that needs no process.
  struct Fixed {
    std::shared_ptr<const SourceConfig> source;
    std::shared_ptr<const std::vector<Json>> listed;
    std::shared_ptr<const LockFile> lock;
    std::shared_ptr<const Offer> offer;
  };
  using Server = std::weak_ptr<McpServer>;

  std::shared_ptr<Watched> watched(const std::shared_ptr<McpServer>& server);
  Task<std::vector<Json>> list(
      std::string title, std::shared_ptr<McpServer> server, Clock::time_point until, Stop& stop
  );
  std::shared_ptr<const Offer> accept(
      const SourceConfig& source, const LockFile& lock, const std::vector<Json>& listed
  );

  asio::any_io_executor executor_;
  Catalogue& catalogue_;
  Pins pins_;
  CommandPrinter printer_;  ///< on the pool's one thread only
  BlockingPool pool_;
  std::map<Server, std::shared_ptr<Watched>, std::owner_less<Server>> watched_;
  std::map<std::string, Fixed> fixed_;  ///< by the source's name
};

}  // namespace opsroom::tools

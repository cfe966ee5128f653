#pragma once

#include "base/blocking.hpp"
#include "ports/lane_pool.hpp"
#include "process/child_process.hpp"
#include "workspace/git.hpp"
#include "workspace/hub.hpp"
#include "workspace/lane_maker.hpp"
#include "workspace/layout.hpp"
#include "workspace/patch.hpp"
#include "workspace/snapshot.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

namespace opsroom::workspace {

struct LaneOptions {
  std::size_t walk_threads = 2;
  Clock::duration remote_timeout = std::chrono::minutes(10);  ///< of one clone or fetch
  /// git configuration used for talking to remotes only (credential helpers, proxies); none:
  /// without.
  std::optional<std::filesystem::path> remote_git_config{};
  SnapshotLimits snapshot{};
  PatchLimits patch{};
};

/// Lanes as git checkouts below one root folder; architecture: one bare hub per repository, a
/// checkout with an ordinary .git per lane, and beside it the host's own git directory, which alone
/// is trusted. Several processes may share a root. Io thread only; outlives the lanes it opened.
class GitLanePool : public LanePool {
 public:
  /// Makes `root` when it is missing; nothing else is done before the first lane.
  GitLanePool(process::Spawner& spawner, std::filesystem::path root, LaneOptions options = {});

  Task<std::unique_ptr<LaneCheckout>> open(LaneRequest request) override;
  void trust_until(Clock::time_point until) override { git_.trust_until(until); }

 private:
  Task<std::unique_ptr<LaneCheckout>> open_locked(
      LaneName name, Repository repository, std::string base
  );

  LaneOptions options_;
  Layout layout_;
  BlockingPool blocking_;
  Git git_;
  Hubs hubs_;
  LaneMaker maker_;
};

}  // namespace opsroom::workspace

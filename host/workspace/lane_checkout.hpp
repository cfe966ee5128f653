#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/files.hpp"
#include "ports/lane_pool.hpp"
#include "workspace/git.hpp"
#include "workspace/lane_head.hpp"
#include "workspace/lane_maker.hpp"
#include "workspace/layout.hpp"
#include "workspace/patch.hpp"
#include "workspace/snapshot.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace opsroom::workspace {

/// One open lane. It has a shadow index of its own, so that a host that was frozen and wakes up
/// can't disturb the one that took the lane over. Two diffs asked for at once are made one after
/// the other.
class GitLaneCheckout : public LaneCheckout {
 public:
  /// Opens what is on disk; the caller holds the lane's lock meanwhile. Blocking, but short.
  GitLaneCheckout(
      asio::any_io_executor executor,
      Git& git,
      BlockingPool& pool,
      LaneName name,
      Layout::Lane places,
      LaneRecord record,
      SnapshotLimits snapshot_limits,
      PatchLimits patch_limits
  );
  ~GitLaneCheckout() override;

  const std::filesystem::path& directory() const override { return places_.checkout; }
  const std::string& branch() const override { return record_.branch; }
  const std::string& base() const override { return record_.base; }
  Task<std::optional<LaneDiff>> diff() override;

 private:
  /// The private copy of the shadow index, and the lock that says it is in use.
  struct OwnIndex {
    explicit OwnIndex(const std::filesystem::path& host_git);
    std::filesystem::path path;
    std::filesystem::path lock_path;
    FileLock lock;
  };

  Task<std::optional<LaneDiff>> make_diff();
  Task<LaneDiff> describe(std::string tree, HeadState head);
  Task<std::string> base_tree();

  Git& git_;
  LaneName name_;
  Layout::Lane places_;
  LaneRecord record_;
  PatchLimits patch_limits_;
  Identity identity_;
  OwnIndex index_;
  Snapshot snapshot_;
  LaneHead head_;
  Signal free_;
  bool busy_ = false;
  std::string base_tree_;
  std::optional<std::string> returned_;  ///< what distinguishes the last diff returned
};

/// Removes the private indexes of hosts that died. The caller holds the lane's lock.
void remove_dead_indexes(const std::filesystem::path& host_git);

/// Says which lane a Failure is about, and how to get rid of a broken one.
Failure lane_failure(const LaneName& name, const Layout::Lane& places, const Failure& failure);

}  // namespace opsroom::workspace

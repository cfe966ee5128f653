#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "workspace/git.hpp"
#include "workspace/lane_files.hpp"
#include "workspace/scan.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

namespace opsroom::workspace {

struct SnapshotPlaces {
  std::filesystem::path checkout;
  std::filesystem::path host_git;
  std::filesystem::path index;  ///< the shadow index, of this object alone
  Identity identity;            ///< of the checkout
  std::string base;             ///< commit id
};

/// What is kept out of a diff for its size.
struct SnapshotLimits {
  std::uint64_t file_bytes = 16u << 20;
  std::size_t entries = 2'000'000;
  Clock::duration git_timeout = std::chrono::minutes(5);
};

/// Turns the lane's files into a tree in the host's git directory: a walk finds what changed, and
/// git is told only these paths, one by one. No git command that looks around in a lane (status,
/// diff, add -A) is ever run: each of them runs programs a lane can name. One call at a time; io
/// thread only.
class Snapshot {
 public:
  Snapshot(Git& git, BlockingPool& pool, SnapshotPlaces places, SnapshotLimits limits);

  /// The tree id of the lane as it is. Failure{conflict} when the lane's folder was replaced.
  Task<std::string> take();

  /// Files the last tree doesn't show as they are.
  const std::vector<Skipped>& skipped() const { return skipped_; }

  /// Names the files commits of the lane added (NUL-separated), which no .gitignore hides.
  void set_committed(const std::string& paths) { files_.set_committed(paths); }

 private:
  Task<std::string> attempt();
  Task<> load();
  Task<> survey();
  Task<std::unordered_set<std::string>> ask_ignored(std::vector<std::string> paths);
  Task<> apply();
  Task<> feed_changed();
  Task<> feed_entries();
  GitCall call(std::vector<std::string> args) const;

  Git& git_;
  BlockingPool& pool_;
  SnapshotPlaces places_;
  SnapshotLimits limits_;
  LaneFiles files_;
  ChangePlan plan_;  ///< of the call under way
  std::vector<Skipped> skipped_;
  std::string tree_;
  bool loaded_ = false;
};

}  // namespace opsroom::workspace

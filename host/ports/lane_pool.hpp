#pragma once

#include "base/async.hpp"
#include "base/json.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace opsroom {

struct LaneRequest {
  std::string session;     ///< slug
  std::string lane;        ///< "A"
  std::string repository;  ///< path or URL; empty: an empty repository is made
  std::string base;        ///< branch, tag or commit; empty: the default branch
};

/// What has changed in a lane since its base commit, committed or not, untracked files included.
struct LaneDiff {
  std::string patch;
  Json
      meta;  ///< {"base","tree","head","branch","files":[{"path","status","added","deleted"}],"truncated","skipped":[...]}
};

/// A lane's checkout while a run uses it. Io thread only; the work itself happens elsewhere.
class LaneCheckout {
 public:
  virtual ~LaneCheckout() = default;
  virtual const std::filesystem::path& directory() const = 0;  ///< absolute
  virtual const std::string& branch() const = 0;               ///< opsroom/<session>/<lane>
  virtual const std::string& base() const = 0;                 ///< commit id

  /// The diff, when it differs from the last one this object returned; nullopt otherwise.
  virtual Task<std::optional<LaneDiff>> diff() = 0;
};

/// Makes and opens the isolated checkouts. A lane that exists is used as it is.
class LanePool {
 public:
  virtual ~LanePool() = default;
  /// Failure names the repository or the lane, and the remedy; a half-made lane is removed first,
  /// as it is when the caller is cancelled (Asio), which ends the opening at once.
  virtual Task<std::unique_ptr<LaneCheckout>> open(LaneRequest request) = 0;

  /// What the pool and its lanes start may work until then without hearing from the host again, and
  /// is killed at that time even if this process is frozen. For all of them, so the latest counts;
  /// without one there is only each one's own deadline. Optional.
  virtual void trust_until(Clock::time_point until) { static_cast<void>(until); }
};

}  // namespace opsroom

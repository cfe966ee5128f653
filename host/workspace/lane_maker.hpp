#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "workspace/git.hpp"
#include "workspace/hub.hpp"
#include "workspace/layout.hpp"
#include "workspace/names.hpp"

#include <string>

namespace opsroom::workspace {

/// What the host remembers of a lane, in its own git directory.
struct LaneRecord {
  std::string repository;  ///< as shown, without a password
  std::string base;        ///< commit id
  std::string branch;
  std::string hub;  ///< whose objects both git directories borrow
};

/// Reads the record of an existing lane; Failure when it isn't readable.
LaneRecord read_record(const std::filesystem::path& host_git);

/// Makes lanes: the host's git directory and the checkout with its own .git, in a folder aside,
/// then renamed into place, so that a lane is there as a whole or not at all. The caller holds the
/// lane's lock. Io thread only.
class LaneMaker {
 public:
  LaneMaker(Git& git, BlockingPool& pool, Layout layout);

  /// Removes what a dead build left, and puts aside the host's half of a lane whose checkout
  /// somebody removed: its snapshots may be all that is left of that work.
  Task<> clear(LaneName name);

  /// Makes the lane at `base`. On a Failure nothing of it is left.
  Task<> make(LaneName name, Repository repository, HubBase base);

 private:
  Task<> build_host(std::filesystem::path host, LaneRecord record, std::string object_format);
  Task<> check_out(std::filesystem::path host, std::filesystem::path checkout, std::string commit);
  Task<> build_lane_git(std::filesystem::path checkout, LaneRecord record, HubBase base);
  Task<> build(LaneName name, Repository repository, HubBase base);

  Git& git_;
  BlockingPool& pool_;
  Layout layout_;
};

}  // namespace opsroom::workspace

#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/files.hpp"
#include "workspace/git.hpp"
#include "workspace/layout.hpp"
#include "workspace/names.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace opsroom::workspace {

/// The commit a lane starts from, in a hub whose objects the lane borrows.
struct HubBase {
  std::filesystem::path hub;
  std::string commit;
  std::string origin_branch;  ///< branch of the repository the commit was named by; empty: none
  std::string object_format;  ///< "sha1" or "sha256"
};

/// Waits for the advisory lock on `path` until `deadline` has passed; Failure{timeout} then names
/// `what` and the lock file.
Task<FileLock> lock_file(std::filesystem::path path, Clock::duration deadline, std::string what);

/// Runs `remove_all` in the pool; a Failure names what could not be removed.
Task<> remove_tree(BlockingPool& pool, std::filesystem::path path);

/// The bare hubs: one per repository, which lanes borrow objects from. Every mutation is made under
/// the hub's file lock, nothing is ever pruned from it, and a half-made hub is never seen under its
/// name. Io thread only.
class Hubs {
 public:
  Hubs(Git& git, BlockingPool& pool, Layout layout, Clock::duration remote_timeout);

  /// Brings the repository's hub up to date (a base given as a commit id that is there needs no
  /// contact), finds the base and pins it under `pin`. Failures name the repository and git's
  /// reason.
  Task<HubBase> base_for(Repository repository, std::string base, std::string pin);

 private:
  struct Listing {
    std::string head_branch;  ///< what HEAD points to; empty when detached or unborn
    bool has_head = false;
    bool empty = true;
    std::string object_format = "sha1";
  };

  Task<> make(Repository repository, std::filesystem::path hub);
  Task<> build(Repository repository, std::filesystem::path hub);
  Task<Listing> list(Repository repository);
  Task<> fetch(Repository repository, std::filesystem::path hub, Listing listing);
  Task<> note_head(std::filesystem::path hub, Listing listing);
  Task<> refresh(Repository repository, std::filesystem::path hub, Clock::time_point asked);
  Task<bool> fetch_commit(Repository repository, std::filesystem::path hub, std::string commit);
  Task<HubBase> find_base(Repository repository, std::filesystem::path hub, std::string base);
  Task<HubBase> default_base(Repository repository, std::filesystem::path hub);
  Task<std::string> resolve(std::filesystem::path hub, std::string revision);
  Task<std::vector<std::string>> branches(std::filesystem::path hub);

  Git& git_;
  BlockingPool& pool_;
  Layout layout_;
  Clock::duration remote_timeout_;
  std::map<std::string, Clock::time_point> fetched_;  ///< by hub name: spares lanes opened at once
};

/// Writes the empty root commit (the same id each time) into `git_dir` and returns its id.
Task<std::string> write_root_commit(Git& git, std::filesystem::path git_dir);

/// Makes a bare git directory without templates, hence without hooks.
Task<> init_bare(Git& git, std::filesystem::path git_dir, std::string object_format);

}  // namespace opsroom::workspace

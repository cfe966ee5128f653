#pragma once

#include "workspace/scan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace opsroom::workspace {

/// What one walk of the lane means for the shadow index.
struct ChangePlan {
  std::vector<ScannedFile> changed;         ///< to hash again, or for the first time
  std::vector<ScannedFile> fresh;           ///< never seen: changed unless git ignores them
  std::vector<std::string> removed;         ///< to take out of the index
  std::vector<std::string> missing_links;   ///< submodule folders that are gone
  std::vector<std::string> returned_links;  ///< and those that are back
  std::vector<std::string> questions;       ///< paths for check-ignore
  std::vector<Skipped> skipped;
  bool rules_changed = false;  ///< a .gitignore came, went or changed
  std::int64_t started_ns = 0;

  bool writes_index() const {
    return !changed.empty() || !removed.empty() || !missing_links.empty() ||
           !returned_links.empty();
  }
};

/// What the host knows of a lane's files: which are in the base commit, which in the shadow index
/// and with which stamp they were hashed, what git ignores. Plain data, no I/O; one thread at a
/// time.
class LaneFiles {
 public:
  /// From `git ls-tree -r -t -z BASE` and `git ls-files -s -z` of the shadow index. Forgets the
  /// rest.
  void load(std::string_view base_tree, std::string_view index_entries);

  ScanRules rules(std::uint64_t size_limit, std::size_t entry_limit) const;

  ChangePlan plan(const Scan& scan);

  /// Completes the plan by the answers of check-ignore.
  void answer(ChangePlan& plan, const std::unordered_set<std::string>& ignored);

  /// Paths that commits of the lane added: no .gitignore hides them. True when that is news.
  bool set_committed(std::string_view paths);

  /// After a .gitignore changed: everything outside the base must be asked about again.
  void forget_judgements();

  /// git refused this file: it is reported, and left alone until it changes.
  void refuse(const ScannedFile& file, std::string reason);

  /// The index now holds what the plan said.
  void applied(const ChangePlan& plan);

  const std::string& link_commit(const std::string& path) const { return links_.at(path).commit; }

 private:
  struct Known {
    Stamp stamp;
    bool settled = false;  ///< the stamp is old enough to tell a later change
    bool in_base = false;
    bool in_index = false;
    std::uint64_t seen = 0;  ///< number of the last walk that met it
  };
  struct Link {
    std::string commit;
    bool in_index = false;
  };
  struct Refusal {
    Stamp stamp;
    std::string reason;
  };

  void plan_file(ChangePlan& plan, const ScannedFile& file);
  void plan_removals(ChangePlan& plan, const Scan& scan);
  void plan_links(ChangePlan& plan, const Scan& scan);
  void plan_questions(ChangePlan& plan, const Scan& scan);
  bool is_refused(ChangePlan& plan, const ScannedFile& file) const;
  bool below_ignored(std::string_view path) const;
  void answer_index(ChangePlan& plan, const std::unordered_set<std::string>& ignored);

  std::unordered_map<std::string, Known> known_;
  std::map<std::string, Link> links_;
  std::unordered_set<std::string> link_paths_;
  std::unordered_set<std::string> base_directories_;
  std::unordered_set<std::string> committed_;     ///< files, and every folder on the way to them
  std::unordered_map<std::string, bool> judged_;  ///< path → ignored
  std::unordered_set<std::string> ignored_directories_;
  std::unordered_map<std::string, Refusal> refused_;
  bool rejudge_ = true;
  std::uint64_t walk_ = 0;
};

}  // namespace opsroom::workspace

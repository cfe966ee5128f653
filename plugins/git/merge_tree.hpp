#pragma once
#include "merge.hpp"
#include "repository.hpp"

namespace opsroom::git {

/// The outcome of a merge that happened in the object store alone.
struct MergedTree {
  std::string tree;  ///< with conflict markers when there are conflicts
  std::vector<MergeConflict> conflicts;
  std::size_t conflict_count = 0;  ///< of all, also those that are left out
  bool truncated = false;          ///< conflicts, places or text are left out
};

/// Merges two commits with `git merge-tree` (git 2.38 or later). Throws std::runtime_error.
MergedTree merge_trees(
    const Repository& repository, const std::string& base, const std::string& branch
);

/// The conflicting places of a text with conflict markers; `cut` when there is more than is told.
std::vector<ConflictHunk> conflict_hunks(const std::string& text, bool& cut);

}  // namespace opsroom::git

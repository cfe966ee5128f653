#pragma once
#include "merge.hpp"
#include "repository.hpp"

namespace opsroom::git {

/// The outcome of a merge that happened in the object store alone.
struct MergedTree {
  std::string tree;  ///< with conflict markers when there are conflicts
  std::vector<MergeConflict> conflicts;
};

/// Merges two commits with `git merge-tree` (git 2.38 or later). Throws std::runtime_error.
MergedTree merge_trees(
    const Repository& repository, const std::string& base, const std::string& branch
);

/// The conflicting places of a text with conflict markers.
std::vector<ConflictHunk> conflict_hunks(const std::string& text);

}  // namespace opsroom::git

#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct MergeArgs {
  std::string into;
  std::string branch = "HEAD";
  std::optional<std::string> message;
  bool fast_forward = true;
  std::optional<std::string> push_to;
  std::optional<std::string> author_name;
  std::optional<std::string> author_email;
  double timeout_seconds = 120;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("into", &MergeArgs::into, "The base branch that gets the work, such as main")
            .not_empty(),
        field(
            "branch", &MergeArgs::branch, "The work: a branch or commit; else the checkout's HEAD"
        )
            .not_empty(),
        field("message", &MergeArgs::message, "Of the merge commit; else Merge BRANCH into INTO"),
        field(
            "fast_forward",
            &MergeArgs::fast_forward,
            "Makes no merge commit where the base has nothing of its own"
        ),
        field(
            "push_to",
            &MergeArgs::push_to,
            "Also pushes the base to this remote; when that rejects it, nothing moves here either"
        ),
        field("author_name", &MergeArgs::author_name, "Else the configured one, else opsroom"),
        field(
            "author_email",
            &MergeArgs::author_email,
            "Else the configured one, else opsroom@localhost"
        ),
        field("timeout_seconds", &MergeArgs::timeout_seconds, "For the push: gives up after this")
            .at_least(1)
            .at_most(86'400)
    );
  }
};

struct ConflictHunk {
  std::int64_t line = 0;
  std::string base_side;
  std::string branch_side;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("line", &ConflictHunk::line, "Where it begins in the merged file with its markers"),
        field("base_side", &ConflictHunk::base_side, "What the base branch has there"),
        field("branch_side", &ConflictHunk::branch_side, "What the work has there")
    );
  }
};

struct MergeConflict {
  std::string path;
  std::string kind;
  std::string explanation;
  std::vector<ConflictHunk> hunks;
  bool truncated = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &MergeConflict::path, "From the top of the checkout"),
        field("kind", &MergeConflict::kind, "contents, modify/delete, add/add, binary ..."),
        field("explanation", &MergeConflict::explanation, "In git's words"),
        field("hunks", &MergeConflict::hunks, "The places that conflict, for a text; at most 50"),
        field("truncated", &MergeConflict::truncated, "Whether places or text are left out")
    );
  }
};

struct MergeResult {
  std::string outcome;
  std::string into;
  std::string base_before;
  std::string branch_commit;
  std::optional<std::string> commit;
  std::int64_t files_changed = 0;
  std::int64_t insertions = 0;
  std::int64_t deletions = 0;
  std::vector<MergeConflict> conflicts;
  std::int64_t conflict_count = 0;
  bool truncated = false;
  std::optional<std::string> push_outcome;
  std::optional<std::string> push_reason;
  std::optional<std::string> push_remedy;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field(
            "outcome",
            &MergeResult::outcome,
            "merged, fast_forward, already_merged, conflict or push_rejected"
        ),
        field("into", &MergeResult::into, "The base branch"),
        field(
            "base_before", &MergeResult::base_before, "Where the base was: what undoes the merge"
        ),
        field("branch_commit", &MergeResult::branch_commit, "What was merged into it"),
        field("commit", &MergeResult::commit, "Where the base is now; null when it did not move"),
        field("files_changed", &MergeResult::files_changed, "By the merge, seen from the base"),
        field("insertions", &MergeResult::insertions, "Lines added"),
        field("deletions", &MergeResult::deletions, "Lines removed"),
        field("conflicts", &MergeResult::conflicts, "Why there is no merge; at most 200 of them"),
        field("conflict_count", &MergeResult::conflict_count, "How many there are in all"),
        field(
            "truncated", &MergeResult::truncated, "Whether conflicts, places or text are left out"
        ),
        field("push_outcome", &MergeResult::push_outcome, "As in push; null when none was asked"),
        field("push_reason", &MergeResult::push_reason, "Why the remote rejected it"),
        field("push_remedy", &MergeResult::push_remedy, "What helps then")
    );
  }
};

/// Merges the lane's work into the base branch, without touching any checkout: a conflict leaves
/// everything as it was.
tool::Outcome<MergeResult> merge(const MergeArgs& args, tool::Call& call);

}  // namespace opsroom::git

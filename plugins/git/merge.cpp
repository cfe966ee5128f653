#include "merge.hpp"

#include "changed_files.hpp"
#include "merge_tree.hpp"
#include "remote.hpp"

#include <cmath>
#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

/// One merge: finds both sides, merges them in the object store, and moves the base last.
class Merge {
 public:
  Merge(const MergeArgs& args, tool::Call& call) : args_(args), call_(call), repository_(call) {
    check_branch_name(repository_, args.into, "/into");
    result_.into = args.into;
    ref_ = "refs/heads/" + args.into;
  }

  tool::Outcome<MergeResult> finish() {
    find_sides();
    refuse_checked_out();
    std::string commit;
    if (is_ancestor(result_.branch_commit, result_.base_before)) {
      result_.outcome = "already_merged";
      commit = result_.base_before;
    } else if (args_.fast_forward && is_ancestor(result_.base_before, result_.branch_commit)) {
      result_.outcome = "fast_forward";
      commit = result_.branch_commit;
    } else {
      commit = merge_commit();
      if (!result_.conflicts.empty()) return outcome(true);
    }
    call_.checkpoint();
    if (args_.push_to && !push(commit)) return outcome(true);
    move_base(commit);
    return outcome(false);
  }

 private:
  void find_sides() {
    const auto local = repository_.find_commit(ref_);
    const auto remote = repository_.find_commit(
        "refs/remotes/" + args_.push_to.value_or("origin") + "/" + args_.into
    );
    if (!local && !remote)
      throw std::runtime_error(
          "there is no branch " + args_.into + " here; git.branch lists and creates them"
      );
    is_new_ = !local;
    result_.base_before = local ? *local : *remote;
    result_.branch_commit = repository_.commit_id(args_.branch, "/branch");
  }

  /// Moving a branch under a checkout would show every file of the merge as changed back there.
  void refuse_checked_out() const {
    std::string where;
    for (const auto& line : lines_of(repository_.must({"worktree", "list", "--porcelain"}).out)) {
      if (line.starts_with("worktree ")) where = printable_utf8(line.substr(9));
      if (line == "branch " + ref_)
        throw std::runtime_error(
            args_.into + " is checked out in " + where +
            "; switch that checkout to another branch first, with git.branch"
        );
    }
  }

  bool is_ancestor(const std::string& older, const std::string& newer) const {
    return repository_.run({"merge-base", "--is-ancestor", older, newer}).exit_code == 0;
  }

  /// Empty, with the conflicts noted, when there are any.
  std::string merge_commit() {
    MergedTree merged = merge_trees(repository_, result_.base_before, result_.branch_commit);
    result_.conflicts = std::move(merged.conflicts);
    result_.conflict_count = static_cast<std::int64_t>(merged.conflict_count);
    result_.truncated = merged.truncated;
    result_.outcome = result_.conflicts.empty() ? "merged" : "conflict";
    if (!result_.conflicts.empty()) return {};
    repository_.set_identity(args_.author_name, args_.author_email);
    const std::string name =
        args_.branch == "HEAD" ? repository_.branch().value_or("the checkout") : args_.branch;
    const std::string message = args_.message.value_or("Merge " + name + " into " + args_.into);
    const GitOutput made = repository_.must(
        {"commit-tree",
         "--no-gpg-sign",
         merged.tree,
         "-p",
         result_.base_before,
         "-p",
         result_.branch_commit,
         "-F",
         "-"},
        message
    );
    return trimmed(made.out);
  }

  /// Before anything moves here, so that a rejection leaves nothing to take back.
  bool push(const std::string& commit) {
    PushOrder order;
    order.remote = *args_.push_to;
    order.source = commit;
    order.target = ref_;
    order.limit = std::chrono::milliseconds(std::llround(args_.timeout_seconds * 1000));
    const Pushed pushed = push_ref(repository_, order);
    for (const auto& message : pushed.messages)
      call_.log_stream("stderr", "remote: " + message);
    result_.push_outcome = pushed.outcome;
    result_.push_reason = pushed.reason;
    result_.push_remedy = pushed.remedy;
    if (pushed.outcome != "rejected") return true;
    result_.outcome = "push_rejected";
    return false;
  }

  /// Only if the base is still where it was: somebody else may have merged meanwhile.
  void move_base(const std::string& commit) {
    const std::string before = is_new_ ? std::string(commit.size(), '0') : result_.base_before;
    if (commit != before) {
      const GitOutput moved = repository_.run(
          {"update-ref", "-m", "opsroom: merge " + args_.branch, ref_, commit, before}
      );
      if (moved.exit_code != 0)
        throw std::runtime_error(
            args_.into + " was moved by somebody else meanwhile; merge again: " +
            trimmed(printable_utf8(moved.err))
        );
    }
    if (result_.outcome == "already_merged") return;
    result_.commit = commit;
    const DiffResult changes = changed_files(repository_, {result_.base_before, commit}, {});
    result_.files_changed = static_cast<std::int64_t>(changes.files.size());
    result_.insertions = changes.insertions;
    result_.deletions = changes.deletions;
  }

  tool::Outcome<MergeResult> outcome(bool failed) {
    std::string text = in_words();
    return {std::move(result_), std::move(text), failed};
  }

  std::string in_words() const {
    const std::string both = args_.branch + " into " + args_.into;
    if (result_.outcome == "already_merged") return both + ": everything is merged already";
    if (result_.outcome == "push_rejected")
      return both + " fits, but the push of " + args_.into + " to " + *args_.push_to +
             " was rejected: " + result_.push_reason.value_or("no reason given") + "; " +
             result_.push_remedy.value_or("") + "; nothing was moved here";
    if (result_.outcome == "conflict") return conflicts_in_words(both);
    return (result_.outcome == "merged" ? "merged " : "fast-forwarded ") + both + ": " +
           result_.commit->substr(0, 12) + ", " + std::to_string(result_.files_changed) +
           " files, +" + std::to_string(result_.insertions) + " -" +
           std::to_string(result_.deletions) + (result_.push_outcome ? ", and pushed" : "");
  }

  std::string conflicts_in_words(const std::string& both) const {
    std::string text =
        both + " has " + std::to_string(result_.conflict_count) + " conflicts; nothing was changed";
    for (const MergeConflict& conflict : result_.conflicts) {
      text += "\n" + conflict.path + ": " + conflict.kind;
      for (const ConflictHunk& hunk : conflict.hunks)
        text += "\n  line " + std::to_string(hunk.line) + "\n<<<<<<< " + args_.into + "\n" +
                hunk.base_side + "=======\n" + hunk.branch_side + ">>>>>>> " + args_.branch;
    }
    if (result_.truncated) text += "\n... and more, which is left out here";
    return text + "\nmerge " + args_.into + " into the lane, resolve it there, commit, and repeat";
  }

  const MergeArgs& args_;
  tool::Call& call_;
  Repository repository_;
  std::string ref_;
  bool is_new_ = false;
  MergeResult result_;
};

}  // namespace

tool::Outcome<MergeResult> merge(const MergeArgs& args, tool::Call& call) {
  if (args.push_to && (args.push_to->empty() || args.push_to->front() == '-'))
    throw tool::BadArguments("/push_to", "\"" + *args.push_to + "\" is no remote");
  return Merge(args, call).finish();
}

}  // namespace opsroom::git

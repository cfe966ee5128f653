#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct StatusArgs {
  std::vector<std::string> paths;
  bool ignored = false;

  static constexpr auto fields() {
    using tool::option;
    return tool::fields(
        option("paths", &StatusArgs::paths, "Only these files and directories; empty: everything"),
        option("ignored", &StatusArgs::ignored, "Tells the ignored ones as well")
    );
  }
};

struct StatusEntry {
  std::string path;
  std::optional<std::string> old_path;
  std::string staged;
  std::string unstaged;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &StatusEntry::path, "From the top of the checkout"),
        field("old_path", &StatusEntry::old_path, "Where it was renamed or copied from"),
        field(
            "staged",
            &StatusEntry::staged,
            "Index against HEAD: unchanged, added, modified, deleted, renamed, copied, "
            "type_changed, unmerged, untracked or ignored"
        ),
        field("unstaged", &StatusEntry::unstaged, "Checkout against index, in the same words")
    );
  }
};

struct StatusResult {
  std::optional<std::string> branch;
  std::optional<std::string> commit;
  std::optional<std::string> upstream;
  std::optional<std::int64_t> ahead;
  std::optional<std::int64_t> behind;
  bool clean = true;
  std::int64_t conflicts = 0;
  std::vector<StatusEntry> entries;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("branch", &StatusResult::branch, "null when HEAD is detached"),
        field("commit", &StatusResult::commit, "What HEAD is; null before the first commit"),
        field("upstream", &StatusResult::upstream, "The branch this one follows, if it does"),
        field("ahead", &StatusResult::ahead, "Commits the upstream lacks"),
        field("behind", &StatusResult::behind, "Commits of the upstream that are missing here"),
        field(
            "clean", &StatusResult::clean, "Whether nothing has changed and nothing is untracked"
        ),
        field("conflicts", &StatusResult::conflicts, "Files of a merge that is not resolved"),
        field("entries", &StatusResult::entries, "Every file that is not as HEAD has it")
    );
  }
};

/// Tells what has changed in the checkout, without writing anything.
tool::Outcome<StatusResult> status(const StatusArgs& args, tool::Call& call);

}  // namespace opsroom::git

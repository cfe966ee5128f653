#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct CommitArgs {
  std::string message;
  std::vector<std::string> paths;
  std::optional<std::string> author_name;
  std::optional<std::string> author_email;
  bool allow_empty = false;
  bool hooks = false;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("message", &CommitArgs::message, "The commit message").not_empty(),
        option("paths", &CommitArgs::paths, "Only these files and directories; empty: everything"),
        field("author_name", &CommitArgs::author_name, "Else the configured one, else opsroom"),
        field(
            "author_email",
            &CommitArgs::author_email,
            "Else the configured one, else opsroom@localhost"
        ),
        option("allow_empty", &CommitArgs::allow_empty, "Commits even when nothing has changed"),
        option("hooks", &CommitArgs::hooks, "Runs the repository's hooks: programs it brings along")
    );
  }
};

struct CommitResult {
  std::string commit;
  std::optional<std::string> branch;
  std::int64_t files_changed = 0;
  std::int64_t insertions = 0;
  std::int64_t deletions = 0;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("commit", &CommitResult::commit, "The new commit's full id"),
        field("branch", &CommitResult::branch, "null when HEAD is detached"),
        field("files_changed", &CommitResult::files_changed, "Compared with the first parent"),
        field("insertions", &CommitResult::insertions, "Lines added; binary files count none"),
        field("deletions", &CommitResult::deletions, "Lines removed; binary files count none")
    );
  }
};

/// Stages and commits what changed in the working directory's repository, new files included.
tool::Outcome<CommitResult> commit(const CommitArgs& args, tool::Call& call);

}  // namespace opsroom::git

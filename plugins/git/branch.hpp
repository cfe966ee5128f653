#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct BranchArgs {
  std::string action = "list";
  std::optional<std::string> name;
  std::string from = "HEAD";
  bool force = false;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field(
            "action",
            &BranchArgs::action,
            "create leaves the checkout where it is; switch goes there"
        )
            .one_of({"list", "create", "switch", "delete"}),
        field("name", &BranchArgs::name, "The branch to create, switch to or delete"),
        field("from", &BranchArgs::from, "For create: where it begins").not_empty(),
        option(
            "force",
            &BranchArgs::force,
            "For delete: also when its commits are in no other branch and would be lost"
        )
    );
  }
};

struct BranchEntry {
  std::string name;
  std::string commit;
  std::string subject;
  std::optional<std::string> upstream;
  bool current = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("name", &BranchEntry::name, ""),
        field("commit", &BranchEntry::commit, "Its newest commit"),
        field("subject", &BranchEntry::subject, "Of that commit"),
        field("upstream", &BranchEntry::upstream, "The branch it follows, if it does"),
        field("current", &BranchEntry::current, "Whether the checkout is on it")
    );
  }
};

struct BranchResult {
  std::string action;
  std::optional<std::string> current;
  bool changed = false;
  std::vector<BranchEntry> branches;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("action", &BranchResult::action, "What was asked for"),
        field("current", &BranchResult::current, "The branch the checkout is on now, if any"),
        field("changed", &BranchResult::changed, "False when it was so before"),
        field("branches", &BranchResult::branches, "All local branches, as they are now")
    );
  }
};

/// Lists, creates, switches to or deletes a branch.
tool::Outcome<BranchResult> branch(const BranchArgs& args, tool::Call& call);

}  // namespace opsroom::git

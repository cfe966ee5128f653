#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct PushArgs {
  std::string remote = "origin";
  std::optional<std::string> refspec;
  bool force = false;
  std::optional<std::string> expected;
  double timeout_seconds = 120;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("remote", &PushArgs::remote, "The name of a remote, a URL or a path").not_empty(),
        field(
            "refspec",
            &PushArgs::refspec,
            "SOURCE:TARGET or one name for both; left out: the current branch under its own name"
        ),
        option("force", &PushArgs::force, "Overwrites or deletes what the remote has"),
        field(
            "expected",
            &PushArgs::expected,
            "With force: only if the remote's branch is at this commit"
        ),
        field("timeout_seconds", &PushArgs::timeout_seconds, "Gives up after this long")
            .at_least(1)
            .at_most(86'400)
    );
  }
};

struct PushResult {
  std::string remote;
  std::string url;
  std::string ref;
  std::string outcome;
  std::optional<std::string> commit;
  std::optional<std::string> reason;
  std::optional<std::string> remedy;
  std::vector<std::string> messages;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("remote", &PushResult::remote, "As it was given"),
        field("url", &PushResult::url, "Its address, without a password"),
        field("ref", &PushResult::ref, "On the remote, such as refs/heads/main"),
        field(
            "outcome",
            &PushResult::outcome,
            "pushed, created, forced, deleted, up_to_date or rejected"
        ),
        field("commit", &PushResult::commit, "What was pushed; null for a deletion"),
        field("reason", &PushResult::reason, "Why it was rejected, in git's words"),
        field("remedy", &PushResult::remedy, "What helps then"),
        field("messages", &PushResult::messages, "What the remote said")
    );
  }
};

/// Pushes one ref to a remote.
tool::Outcome<PushResult> push(const PushArgs& args, tool::Call& call);

}  // namespace opsroom::git

#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct LogArgs {
  std::string from = "HEAD";
  std::optional<std::string> not_in;
  std::vector<std::string> paths;
  std::int64_t limit = 20;
  std::int64_t skip = 0;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("from", &LogArgs::from, "Where to begin: a branch, tag or commit").not_empty(),
        field("not_in", &LogArgs::not_in, "Leaves out what this branch, tag or commit has as well"),
        option("paths", &LogArgs::paths, "Only commits that touch these; empty: all"),
        field("limit", &LogArgs::limit, "At most so many commits").at_least(1).at_most(1000),
        option("skip", &LogArgs::skip, "Leaves out so many at the start").at_least(0)
    );
  }
};

struct LogCommit {
  std::string commit;
  std::vector<std::string> parents;
  std::string author_name;
  std::string author_email;
  std::string date;
  std::string subject;
  std::string body;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("commit", &LogCommit::commit, "Its full id"),
        field("parents", &LogCommit::parents, "None for the first commit, several for a merge"),
        field("author_name", &LogCommit::author_name, ""),
        field("author_email", &LogCommit::author_email, ""),
        field("date", &LogCommit::date, "When it was written, as in 2026-01-31T12:00:00+01:00"),
        field("subject", &LogCommit::subject, "The first paragraph of the message, on one line"),
        field("body", &LogCommit::body, "The rest of the message")
    );
  }
};

struct LogResult {
  std::vector<LogCommit> commits;
  bool truncated = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("commits", &LogResult::commits, "The newest first"),
        field("truncated", &LogResult::truncated, "Whether there are more than limit")
    );
  }
};

/// Lists commits.
tool::Outcome<LogResult> log(const LogArgs& args, tool::Call& call);

}  // namespace opsroom::git

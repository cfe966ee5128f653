#include "branch.hpp"

#include "repository.hpp"

#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

constexpr std::size_t fields_each = 5;

std::vector<BranchEntry> all_branches(const Repository& repository) {
  // No field can hold a newline, and only the subject a blank tab of its own.
  const Words words{
      "for-each-ref",
      "--format=%(refname:lstrip=2)%00%(objectname)%00%(upstream:short)%00%(HEAD)%00"
      "%(contents:subject)%00",
      "refs/heads"
  };
  const auto parts = parts_of(repository.must(words).out);
  std::vector<BranchEntry> branches;
  for (std::size_t at = 0; at + fields_each <= parts.size(); at += fields_each) {
    BranchEntry entry;
    // The newline that ends a branch stands before the next one's name.
    entry.name = printable_utf8(parts[at].substr(parts[at].starts_with('\n') ? 1 : 0));
    entry.commit = parts[at + 1];
    if (!parts[at + 2].empty()) entry.upstream = printable_utf8(parts[at + 2]);
    entry.current = parts[at + 3] == "*";
    entry.subject = printable_utf8(parts[at + 4]);
    branches.push_back(std::move(entry));
  }
  return branches;
}

bool create(const Repository& repository, const BranchArgs& args) {
  check_branch_name(repository, *args.name, "/name");
  const std::string from = repository.commit_id(args.from, "/from");
  if (const auto there = repository.find_commit("refs/heads/" + *args.name)) {
    if (*there == from) return false;
    throw std::runtime_error(
        "the branch " + *args.name + " exists and is elsewhere, at " + there->substr(0, 12) +
        "; delete it first, or take another name"
    );
  }
  repository.must({"branch", "--no-track", "--", *args.name, from});
  return true;
}

bool switch_to(const Repository& repository, const BranchArgs& args) {
  check_branch_name(repository, *args.name, "/name");
  if (repository.branch() == args.name) return false;
  const GitOutput said =
      repository.run({"switch", "--quiet", "--no-guess", "--no-recurse-submodules", *args.name});
  if (said.exit_code == 0) return true;
  const std::string why = trimmed(printable_utf8(said.err));
  if (why.find("would be overwritten") != std::string::npos)
    throw std::runtime_error(why + "\nnothing was changed; git.commit saves the changes first");
  if (why.find("invalid reference") != std::string::npos)
    throw std::runtime_error("there is no branch " + *args.name + "; create it first");
  throw std::runtime_error("git switch failed: " + why);
}

bool remove(const Repository& repository, const BranchArgs& args) {
  check_branch_name(repository, *args.name, "/name");
  if (repository.branch() == args.name)
    throw std::runtime_error("the checkout is on " + *args.name + "; switch to another one first");
  if (!repository.find_commit("refs/heads/" + *args.name)) return false;
  const GitOutput said =
      repository.run({"branch", "--quiet", args.force ? "-D" : "-d", "--", *args.name});
  if (said.exit_code == 0) return true;
  const std::string why = trimmed(printable_utf8(said.err));
  if (why.find("not fully merged") != std::string::npos)
    throw std::runtime_error(
        *args.name + " has commits that are not merged; merge it, or lose them with force: true"
    );
  throw std::runtime_error("git branch failed: " + why);
}

std::string in_words(const BranchArgs& args, const BranchResult& result) {
  if (args.action == "list") {
    std::string text = std::to_string(result.branches.size()) + " branches";
    for (const BranchEntry& entry : result.branches)
      text += std::string(entry.current ? "\n* " : "\n  ") + entry.name + " " +
              entry.commit.substr(0, 12) + " " + entry.subject;
    return text;
  }
  if (args.action == "create")
    return *args.name + (result.changed ? " created" : " was there already, at the same commit");
  if (args.action == "switch")
    return (result.changed ? "switched to " : "already on ") + *args.name;
  return *args.name + (result.changed ? " deleted" : " was not there");
}

}  // namespace

tool::Outcome<BranchResult> branch(const BranchArgs& args, tool::Call& call) {
  if (args.action != "list" && !args.name)
    throw tool::BadArguments("/name", "is missing: which branch to " + args.action);
  const Repository repository(call);
  BranchResult result;
  result.action = args.action;
  if (args.action == "create") result.changed = create(repository, args);
  if (args.action == "switch") result.changed = switch_to(repository, args);
  if (args.action == "delete") result.changed = remove(repository, args);
  result.current = repository.branch();
  result.branches = all_branches(repository);
  std::string text = in_words(args, result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::git

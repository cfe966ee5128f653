#include "branch.hpp"
#include "commit.hpp"
#include "diff.hpp"
#include "log.hpp"
#include "merge.hpp"
#include "push.hpp"
#include "status.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace tool = opsroom::tool;
using namespace opsroom;

constexpr tool::Hints looks(const char* title) {
  return {
      .title = title,
      .read_only = true,
      .destructive = false,
      .idempotent = true,
      .open_world = false
  };
}

void add_looks(tool::Registry& tools) {
  tools.add<git::StatusArgs>(
      "status",
      "Tells what has changed in the working directory's repository since its last commit.",
      git::status,
      looks("Status of the checkout")
  );
  tools.add<git::DiffArgs>(
      "diff",
      "Compares two commits, or a commit and the checkout, file by file and as a patch.",
      git::diff,
      looks("Compare")
  );
  tools.add<git::LogArgs>("log", "Lists commits, the newest first.", git::log, looks("History"));
}

void add_tools(tool::Registry& tools) {
  add_looks(tools);
  // Destructive and open because of hooks, which run whatever the repository brings.
  tools.add<git::CommitArgs>(
      "commit",
      "Commits what changed in the working directory's repository, new files included.",
      git::commit,
      {.title = "Commit changes",
       .read_only = false,
       .destructive = true,
       .idempotent = false,
       .open_world = true}
  );
  // Destructive because of delete; what it did once it does not do again.
  tools.add<git::BranchArgs>(
      "branch",
      "Lists, creates, switches to or deletes a branch of the working directory's repository.",
      git::branch,
      {.title = "Branches",
       .read_only = false,
       .destructive = true,
       .idempotent = true,
       .open_world = false}
  );
  tools.add<git::PushArgs>(
      "push",
      "Pushes a branch or tag to a remote. Overwrites nothing there unless force is set.",
      git::push,
      {.title = "Push",
       .read_only = false,
       .destructive = true,
       .idempotent = true,
       .open_world = true}
  );
  tools.add<git::MergeArgs>(
      "merge",
      "Merges the checkout's work into a base branch without touching any checkout, and pushes "
      "it if asked. A conflict changes nothing and is reported place by place.",
      git::merge,
      {.title = "Merge into the base",
       .read_only = false,
       .destructive = false,
       .idempotent = true,
       .open_world = true}
  );
}

}  // namespace

// Two changes at once in one checkout would fight over the index, so calls are not concurrent.
const opsroom_plugin opsroom_plugin_v1 = opsroom::tool::plugin<add_tools>("git", "0.2.0");

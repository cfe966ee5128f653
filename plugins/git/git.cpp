#include "commit.hpp"

#include <opsroom/tool.hpp>

namespace {

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<opsroom::git::CommitArgs>(
      "commit",
      "Commits what changed in the working directory's repository, new files included.",
      opsroom::git::commit,
      {.title = "Commit changes", .destructive = false, .idempotent = false, .open_world = false}
  );
}

}  // namespace

// Two commits at once in one checkout would fight over the index, so calls are not concurrent.
const opsroom_plugin opsroom_plugin_v1 = opsroom::tool::plugin<add_tools>("git", "0.1.0");

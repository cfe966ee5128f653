#include "run.hpp"

#include <opsroom/tool.hpp>

namespace {

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<opsroom::exec::RunArgs>(
      "run",
      "Runs a program with its arguments, without a shell, in the working directory. Its output "
      "streams as log lines while it runs.",
      opsroom::exec::run,
      {.title = "Run a program", .destructive = true, .idempotent = false, .open_world = true}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("exec", "0.1.0", OPSROOM_CONCURRENT);

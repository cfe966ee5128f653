#include "runbook.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace run = opsroom::plugins::run;

void add_tools(opsroom::tool::Registry& tools) {
  const auto settings = tools.settings<run::Settings>();
  tools.add<run::RunbookArgs>(
      "runbook",
      "Starts another runbook in another lane and waits for its end.",
      [settings](const run::RunbookArgs& args, opsroom::tool::Call& call) {
        return run::runbook(args, settings, call);
      },
      {.title = "Run another runbook",
       .read_only = false,
       .destructive = true,
       .idempotent = true,
       .open_world = true}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("run", "0.1.0", OPSROOM_CONCURRENT);

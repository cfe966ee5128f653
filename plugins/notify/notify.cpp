#include "send.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace notify = opsroom::plugins::notify;
using opsroom::tool::Call;

opsroom::tool::Hints hints(const char* title, bool repeatable) {
  return {
      .title = title,
      .read_only = false,
      .destructive = false,
      .idempotent = repeatable,
      .open_world = true
  };
}

void add_tools(opsroom::tool::Registry& tools) {
  const notify::Targets targets(tools.settings<notify::Settings>());
  tools.add<notify::WebhookArgs>(
      "webhook",
      "Posts an event as signed JSON to a webhook, with an id by which a repeated delivery is "
      "known.",
      [targets](const notify::WebhookArgs& args, Call& call) {
        return notify::webhook(args, targets, call);
      },
      hints("Notify a webhook", true)
  );
  tools.add<notify::SlackArgs>(
      "slack",
      "Posts a message to Slack, or to whatever takes Slack's incoming webhooks.",
      [targets](const notify::SlackArgs& args, Call& call) {
        return notify::slack(args, targets, call);
      },
      hints("Post to Slack", false)
  );
  tools.add<notify::PokeArgs>(
      "poke",
      "Sends a message to a person through Poke.",
      [targets](const notify::PokeArgs& args, Call& call) {
        return notify::poke(args, targets, call);
      },
      hints("Send to Poke", false)
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("notify", "0.1.0", OPSROOM_CONCURRENT);

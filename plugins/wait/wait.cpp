#include "common/web_settings.hpp"
#include "until.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace plugins = opsroom::plugins;
namespace wait = opsroom::plugins::wait;

/// Besides the public internet, this machine: a server that an earlier step has started is the
/// common case.
plugins::WebSettings defaults(plugins::WebSettings settings) {
  if (settings.allow_addresses.empty()) settings.allow_addresses = {"127.0.0.0/8", "::1"};
  return settings;
}

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<wait::DurationArgs>(
      "duration",
      "Waits for some time.",
      wait::duration,
      {.title = "Wait",
       .read_only = true,
       .destructive = false,
       .idempotent = true,
       .open_world = false}
  );
  const auto policy = defaults(tools.settings<plugins::WebSettings>()).policy();
  tools.add<wait::UntilArgs>(
      "until",
      "Waits until a URL answers as wanted or a TCP port accepts a connection.",
      [policy](const wait::UntilArgs& args, opsroom::tool::Call& call) {
        return wait::until(args, policy, call);
      },
      {.title = "Wait until it answers",
       .read_only = true,
       .destructive = false,
       .idempotent = true,
       .open_world = true}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("wait", "0.1.0", OPSROOM_CONCURRENT);

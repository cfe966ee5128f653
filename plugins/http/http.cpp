#include "request.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace http = opsroom::plugins::http;

void add_tools(opsroom::tool::Registry& tools) {
  const auto settings = tools.settings<http::Settings>();
  const http::Door door{settings, settings.policy()};
  tools.add<http::GetArgs>(
      "get",
      "Reads from a URL with GET. Only public addresses can be reached unless the operator allows "
      "more.",
      [door](const http::GetArgs& args, opsroom::tool::Call& call) {
        return http::get(args, door, call);
      },
      {.title = "Read a URL",
       .read_only = true,
       .destructive = false,
       .idempotent = true,
       .open_world = true}
  );
  tools.add<http::RequestArgs>(
      "request",
      "Sends an HTTP request of any method, and returns the answer or saves it to a file. Only "
      "public addresses can be reached unless the operator allows more.",
      [door](const http::RequestArgs& args, opsroom::tool::Call& call) {
        return http::request(args, door, call);
      },
      {.title = "Send an HTTP request",
       .read_only = false,
       .destructive = true,
       .idempotent = false,
       .open_world = true}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("http", "0.1.0", OPSROOM_CONCURRENT);

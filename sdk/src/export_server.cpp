#define OPSROOM_PLUGIN_BUILD
#include <opsroom/plugin.h>
#include <opsroom/stdio_server.hpp>

/// The stand-alone face of a plugin: NAME-mcp, for any MCP client.
int main() {
  return opsroom::serve_stdio_main(opsroom_plugin_v1);
}

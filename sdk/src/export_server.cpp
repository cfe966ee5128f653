#define OPSROOM_PLUGIN_BUILD
#include <opsroom/plugin.h>
#include <opsroom/stdio_server.hpp>

namespace {

opsroom::StdioPair stdio;

/// Before any static initialiser of the plugin: those may print, too.
__attribute__((constructor(101))) void guard_first() {
  stdio = opsroom::guard_stdio();
}

}  // namespace

/// The stand-alone face of a plugin: NAME-mcp, for any MCP client.
int main() {
  return opsroom::serve_stdio_main(opsroom_plugin_v1, stdio);
}

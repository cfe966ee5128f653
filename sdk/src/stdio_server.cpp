#include "server.hpp"
#include "signals.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <opsroom/stdio_server.hpp>
#include <system_error>
#include <unistd.h>

namespace opsroom {
namespace {

constexpr int exit_config = 78;

int moved_away(int fd) {
  constexpr int beyond_standard = 3;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, beyond_standard);
  if (moved < 0) throw std::system_error(errno, std::generic_category(), "moving stdio away");
  return moved;
}

void point(int fd, int at) {
  if (::dup2(at, fd) < 0) throw std::system_error(errno, std::generic_category(), "dup2");
}

/// A person who starts a server by hand should learn why nothing happens.
void greet_a_terminal(const opsroom_plugin& plugin, int in) {
  if (::isatty(in) == 1)
    std::fprintf(
        stderr,
        "%s %s speaks MCP on stdin and stdout; it is meant to be started by an MCP client, "
        "such as opsroom. Ctrl-D ends it.\n",
        plugin.name,
        plugin.version
    );
}

}  // namespace

StdioPair guard_stdio() {
  const StdioPair pair{moved_away(STDIN_FILENO), moved_away(STDOUT_FILENO)};
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) throw std::system_error(errno, std::generic_category(), "/dev/null");
  point(STDIN_FILENO, null);
  // Without a stderr the prints still have to go somewhere harmless.
  if (::fcntl(STDERR_FILENO, F_GETFD) < 0) point(STDERR_FILENO, null);
  point(STDOUT_FILENO, STDERR_FILENO);
  if (null > STDERR_FILENO) ::close(null);
  return pair;
}

int serve_stdio(const opsroom_plugin& plugin, const ServeOptions& options) try {
  sdk::watch_signals();
  greet_a_terminal(plugin, options.stdio.in);
  sdk::Server server(plugin, options);
  return server.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "plugin %s can't be used: %s\n", plugin.name, error.what());
  return exit_config;
}

int serve_stdio_main(const opsroom_plugin& plugin, StdioPair stdio) {
  ServeOptions options;
  options.stdio = stdio;
  if (const char* config = std::getenv("OPSROOM_PLUGIN_CONFIG")) options.config = config;
  return serve_stdio(plugin, options);
}

}  // namespace opsroom

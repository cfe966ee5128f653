#include "server.hpp"
#include "signals.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <opsroom/stdio_server.hpp>
#include <stdexcept>
#include <string_view>
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

/// Where a stray print goes instead: the file that `opsroom plugin check` looks into, for what is
/// printed before a crash too; else stderr.
int strays() {
  const char* file = std::getenv("OPSROOM_STRAY_OUTPUT");
  const int fd =
      file == nullptr ? -1 : ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) std::setvbuf(stdout, nullptr, _IONBF, 0);
  return fd;
}

}  // namespace

StdioPair guard_stdio() {
  const StdioPair pair{moved_away(STDIN_FILENO), moved_away(STDOUT_FILENO)};
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) throw std::system_error(errno, std::generic_category(), "/dev/null");
  point(STDIN_FILENO, null);
  // Without a stderr the prints still have to go somewhere harmless.
  if (::fcntl(STDERR_FILENO, F_GETFD) < 0) point(STDERR_FILENO, null);
  const int file = strays();
  point(STDOUT_FILENO, file < 0 ? STDERR_FILENO : file);
  if (file > STDERR_FILENO) ::close(file);
  if (null > STDERR_FILENO) ::close(null);
  return pair;
}

void Changes::announce() {
  const std::lock_guard lock(mutex_);
  if (tell_) tell_();
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

ServeOptions options_from_environment() {
  ServeOptions options;
  if (const char* config = std::getenv("OPSROOM_PLUGIN_CONFIG")) options.config = config;
  // It is the plugin's, and neither a secret that a runbook may name nor for programs it starts.
  ::unsetenv("OPSROOM_PLUGIN_CONFIG");
  const char* size = std::getenv("OPSROOM_PAGE_SIZE");
  if (size == nullptr) return options;
  const std::string_view text(size);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), options.page_size);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("OPSROOM_PAGE_SIZE must be a whole number, such as 50");
  return options;
}

int serve_stdio_main(const opsroom_plugin& plugin, StdioPair stdio) try {
  ServeOptions options = options_from_environment();
  options.stdio = stdio;
  return serve_stdio(plugin, options);
} catch (const std::invalid_argument& error) {
  std::fprintf(stderr, "%s: %s\n", plugin.name, error.what());
  return exit_config;
}

}  // namespace opsroom

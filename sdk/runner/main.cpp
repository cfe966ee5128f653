#include "elf_check.hpp"
#include "library.hpp"
#include "limits.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <opsroom/stdio_server.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

constexpr int exit_usage = 64;
constexpr int exit_config = 78;

constexpr const char* usage =
    "usage: opsroom-plugin-runner [--config JSON] [--limits as=2G,core=0] [--manifest] LIBRARY.so\n"
    "Serves one plugin library over MCP on stdin and stdout; --manifest only prints its tools.\n"
    "OPSROOM_PLUGIN_CONFIG and OPSROOM_PLUGIN_LIMITS say the same as the flags.\n";

struct Intent {
  std::string library;
  std::string config = "{}";
  std::string limits;
  bool manifest_only = false;
};

std::string from_environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::optional<Intent> parse(int argc, char** argv) {
  Intent intent;
  intent.config = from_environment("OPSROOM_PLUGIN_CONFIG", intent.config);
  intent.limits = from_environment("OPSROOM_PLUGIN_LIMITS", "");
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--config" && more)
      intent.config = argv[++i];
    else if (word == "--limits" && more)
      intent.limits = argv[++i];
    else if (word == "--manifest")
      intent.manifest_only = true;
    else if (intent.library.empty() && !word.empty() && word[0] != '-')
      intent.library = word;
    else
      return std::nullopt;
  }
  if (intent.library.empty()) return std::nullopt;
  return intent;
}

/// Dies with the thread that started us; the second look catches a parent that was faster.
void die_with_parent() {
  const pid_t parent = ::getppid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

int print_manifest(const opsroom_plugin& plugin, int out) {
  const opsroom_text text = plugin.manifest();
  if (text.data == nullptr) return exit_config;
  const std::string line = std::string(text.data, text.size) + "\n";
  return ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 74;
}

int run(const Intent& intent) {
  die_with_parent();
  opsroom::runner::apply_limits(intent.limits);
  opsroom::ServeOptions options = opsroom::options_from_environment();
  options.stdio = opsroom::guard_stdio();
  options.config = intent.config;
  const opsroom_plugin& plugin = opsroom::runner::load_plugin(intent.library);
  if (intent.manifest_only) return print_manifest(plugin, options.stdio.out);
  return opsroom::serve_stdio(plugin, options);
}

}  // namespace

int main(int argc, char** argv) {
  const auto intent = parse(argc, argv);
  if (!intent) {
    std::fputs(usage, stderr);
    return exit_usage;
  }
  try {
    return run(*intent);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "opsroom-plugin-runner: %s\n", error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "opsroom-plugin-runner: %s: %s\n", intent->library.c_str(), error.what());
    return exit_config;
  }
}

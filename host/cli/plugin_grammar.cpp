#include "cli/plugin_verbs.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace opsroom::cli {
namespace {

constexpr const char* check_footer =
    "Tools are called with arguments that do not fit, in an empty directory; a tool that says it "
    "is\n"
    "read-only and reaches no further is called a thousand times. Exit codes: 0 nothing wrong,\n"
    "1 something is, 2 usage.";

}  // namespace

void add_plugin_verbs(CLI::App& app, std::function<void(PluginVerb)> chosen) {
  CLI::App* plugin = app.add_subcommand("plugin", "Write a tool plugin, and check one");
  plugin->require_subcommand(1);

  auto fresh = std::make_shared<NewPlugin>();
  CLI::App* fresh_verb = plugin->add_subcommand("new", "Write a project that builds and runs");
  fresh_verb->add_option("name", fresh->name, "a-z, 0-9, _ and -")->required();
  fresh_verb->add_option("--directory", fresh->directory, "Where; default: ./<name>");
  fresh_verb->callback([chosen, fresh] { chosen({*fresh}); });

  auto check = std::make_shared<CheckPlugin>();
  CLI::App* check_verb = plugin->add_subcommand("check", "Say everything that is wrong with one");
  check_verb->add_option("target", check->target, "FILE.so, or a server's command (after --)")
      ->required();
  check_verb->add_option("--call", check->call, "Call this tool, whatever it says of itself");
  check_verb->add_option("--arguments", check->arguments, "Its arguments, JSON");
  check_verb->add_option("--settings", check->config, "The plugin's `config`, JSON")
      ->capture_default_str();
  check_verb->add_option("--patience", check->patience, "Seconds to wait for an answer")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  check_verb->add_option("--within", check->within, "Seconds for all of it; what is left is told")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  check_verb->footer(check_footer);
  check_verb->callback([chosen, check] { chosen({*check}); });
}

int perform(const Context& context, const PluginVerb& verb) {
  return std::visit([&](const auto& what) { return perform_plugin(context, what); }, verb.what);
}

}  // namespace opsroom::cli

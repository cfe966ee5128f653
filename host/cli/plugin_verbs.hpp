#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace opsroom::cli {

struct Context;

struct NewPlugin {
  std::string name;
  std::string directory;  ///< empty: ./<name>
};
struct CheckPlugin {
  std::vector<std::string> target;  ///< a library, or the words of a server's command
  std::string call;                 ///< the tool to call a thousand times; empty: any that is safe
  std::string arguments;            ///< of that tool, JSON
  std::string config = "{}";        ///< the plugin's settings, JSON
  int patience = 30;                ///< with one answer, seconds
  int within = 60;                  ///< all of it, seconds
};

/// One of `opsroom plugin ...`.
struct PluginVerb {
  std::variant<NewPlugin, CheckPlugin> what;
};

/// Adds `plugin` and its verbs to the command line. `chosen` gets the one that was given.
void add_plugin_verbs(CLI::App& app, std::function<void(PluginVerb)> chosen);

/// One function a verb; returns the exit code, throws Failure.
int perform_plugin(const Context& context, const NewPlugin& verb);
int perform_plugin(const Context& context, const CheckPlugin& verb);
int perform(const Context& context, const PluginVerb& verb);

}  // namespace opsroom::cli

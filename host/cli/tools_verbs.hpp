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

struct ListTools {
  std::string source;  ///< empty: all
};
struct ShowTool {
  std::string tool;
};
struct CallTool {
  std::string tool;
  std::string arguments = "{}";  ///< JSON, @file or -
  std::string timeout;
};
struct ListResources {
  std::string source;
};
struct ReadResource {
  std::string source;
  std::string uri;
};
struct ListPrompts {
  std::string source;
};
struct GetPrompt {
  std::string source;
  std::string name;
  std::vector<std::string> values;
};
struct ExamineTools {
  std::vector<std::string> sources;
};
struct PinTools {
  std::vector<std::string> sources;
  bool remove = false;
};
struct DiffTools {
  std::vector<std::string> sources;
};
struct ImportTools {
  std::string app;
  std::string file;
  std::vector<std::string> names;
  bool force = false;
  bool dry_run = false;
};

/// One of `opsroom tools ...`.
struct ToolsVerb {
  using What = std::variant<
      ListTools,
      ShowTool,
      CallTool,
      ListResources,
      ReadResource,
      ListPrompts,
      GetPrompt,
      ExamineTools,
      PinTools,
      DiffTools,
      ImportTools>;
  What what;
};

/// Adds `tools` and its verbs to the command line. `chosen` gets the one that was given;
/// `add_settings` adds the settings they all have.
void add_tools_verbs(
    CLI::App& app,
    std::function<void(ToolsVerb)> chosen,
    std::function<void(CLI::App&)> add_settings
);

/// One function a verb; returns the exit code, throws Failure.
int perform_tools(const Context& context, const ListTools& verb);
int perform_tools(const Context& context, const ShowTool& verb);
int perform_tools(const Context& context, const CallTool& verb);
int perform_tools(const Context& context, const ListResources& verb);
int perform_tools(const Context& context, const ReadResource& verb);
int perform_tools(const Context& context, const ListPrompts& verb);
int perform_tools(const Context& context, const GetPrompt& verb);
int perform_tools(const Context& context, const ExamineTools& verb);
int perform_tools(const Context& context, const PinTools& verb);
int perform_tools(const Context& context, const DiffTools& verb);
int perform_tools(const Context& context, const ImportTools& verb);
int perform(const Context& context, const ToolsVerb& verb);

}  // namespace opsroom::cli

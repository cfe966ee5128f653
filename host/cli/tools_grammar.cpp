#include "cli/tools_verbs.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace opsroom::cli {
namespace {

constexpr const char* call_footer =
    "Exit codes: 0 it succeeded, 1 the tool failed, 2 nothing was sent (unknown tool, wrong\n"
    "arguments, not allowed, not startable), 4 canceled, 5 sent and its outcome is unknown.";

/// Adds the verbs below `tools`, each seen whole.
class ToolsGrammar {
 public:
  ToolsGrammar(
      CLI::App& tools,
      std::function<void(ToolsVerb)> chosen,
      std::function<void(CLI::App&)> add_settings
  )
      : tools_(tools), chosen_(std::move(chosen)), add_settings_(std::move(add_settings)) {}

  void look() {
    auto list = std::make_shared<ListTools>();
    verb("list", "List the tools there are", list)
        .add_option("source", list->source, "Only of this source");
    auto show = std::make_shared<ShowTool>();
    verb("show", "Show a tool: description, schemas, annotations, pin", show)
        .add_option("tool", show->tool, "source.tool")
        ->required();
    auto doctor = std::make_shared<ExamineTools>();
    verb("doctor", "Start the sources, look at them, call nothing, say what is wrong", doctor)
        .add_option("source", doctor->sources, "Only these");
  }

  void use() {
    auto call = std::make_shared<CallTool>();
    auto& call_verb = verb("call", "Call a tool in this directory, without a database", call);
    call_verb.add_option("tool", call->tool, "source.tool")->required();
    call_verb.add_option("arguments", call->arguments, "JSON, @file, or - for stdin")
        ->capture_default_str();
    call_verb.add_option("--timeout", call->timeout, "500ms, 30s, 10m; default: the source's");
    call_verb.footer(call_footer);
    auto resources = std::make_shared<ListResources>();
    verb("resources", "List what a source offers to read", resources)
        .add_option("source", resources->source)
        ->required();
    auto read = std::make_shared<ReadResource>();
    auto& read_verb = verb("read", "Read a resource", read);
    read_verb.add_option("source", read->source)->required();
    read_verb.add_option("uri", read->uri)->required();
    auto prompts = std::make_shared<ListPrompts>();
    verb("prompts", "List the prompts of a source", prompts)
        .add_option("source", prompts->source)
        ->required();
    auto prompt = std::make_shared<GetPrompt>();
    auto& prompt_verb = verb("prompt", "Show a prompt, filled in", prompt);
    prompt_verb.add_option("source", prompt->source)->required();
    prompt_verb.add_option("name", prompt->name)->required();
    prompt_verb.add_option("values", prompt->values, "name=value");
  }

  void keep() {
    auto pin = std::make_shared<PinTools>();
    auto& pin_verb = verb("pin", "Hold on to sources as they are now (opsroom.lock)", pin);
    pin_verb.add_option("source", pin->sources, "Only these; default: all");
    pin_verb.add_flag("--remove", pin->remove, "Forget the pins of these sources");
    auto diff = std::make_shared<DiffTools>();
    verb("diff", "Show how sources differ from their pins; exit code 1 if any does", diff)
        .add_option("source", diff->sources, "Only these; default: all that are pinned");
    auto import = std::make_shared<ImportTools>();
    auto& import_verb = verb("import", "Take over the servers of another program", import);
    import_verb.add_option("app", import->app, "claude, cursor or vscode")->required();
    import_verb.add_option("file", import->file, "Its settings; default: where it keeps them");
    import_verb.add_option("--name", import->names, "Only this server, OLD or OLD=NEW; repeatable")
        ->allow_extra_args(false);
    import_verb.add_flag("--force", import->force, "Replace what tools.json has under the name");
    import_verb.add_flag("--dry-run", import->dry_run, "Only show what would be done");
  }

 private:
  template <class Struct>
  CLI::App& verb(const std::string& name, const std::string& help, std::shared_ptr<Struct> values) {
    CLI::App* command = tools_.add_subcommand(name, help);
    command->callback([chosen = chosen_, values] { chosen(ToolsVerb{*values}); });
    add_settings_(*command);
    return *command;
  }

  CLI::App& tools_;
  std::function<void(ToolsVerb)> chosen_;
  std::function<void(CLI::App&)> add_settings_;
};

}  // namespace

void add_tools_verbs(
    CLI::App& app,
    std::function<void(ToolsVerb)> chosen,
    std::function<void(CLI::App&)> add_settings
) {
  CLI::App* tools = app.add_subcommand("tools", "See, try and hold on to the tools of tools.json");
  tools->require_subcommand(1);
  ToolsGrammar grammar(*tools, std::move(chosen), std::move(add_settings));
  grammar.look();
  grammar.use();
  grammar.keep();
}

int perform(const Context& context, const ToolsVerb& verb) {
  return std::visit([&](const auto& what) { return perform_tools(context, what); }, verb.what);
}

}  // namespace opsroom::cli

#include "cli/command_line.hpp"

#include "base/failure.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

/// Adds one setting to a verb; a given one lands in `flags`.
void add_setting(CLI::App& verb, app::Values& flags, const app::SettingRow& row) {
  verb.add_option_function<std::string>(
      flag_of(row.name),
      [&flags, name = std::string(row.name)](const std::string& value) { flags[name] = value; },
      fmt::format("{} [{}; default: {}]", row.help, row.environment, row.fallback)
  );
}

void add_settings(
    CLI::App& verb, app::Values& flags, std::initializer_list<std::string_view> names
) {
  for (const app::SettingRow& row : app::setting_rows()) {
    const bool wanted = std::find(names.begin(), names.end(), row.name) != names.end();
    if (wanted) add_setting(verb, flags, row);
  }
}

void add_all_settings(CLI::App& verb, app::Values& flags) {
  for (const app::SettingRow& row : app::setting_rows())
    add_setting(verb, flags, row);
}

app::Values read_config(const std::string& given, const app::Values& flags) {
  fs::path file = given;
  if (file.empty()) {
    const auto home = app::resolve_home(flags, app::process_environment);
    for (const fs::path& candidate : {fs::path("opsroom.toml"), home / "opsroom.toml"}) {
      if (fs::exists(candidate)) {
        file = candidate;
        break;
      }
    }
    if (file.empty()) return {};
  } else if (!fs::exists(file) || fs::is_directory(file)) {
    throw Failure(
        Code::invalid,
        fmt::format("there is no settings file {}", file.string()),
        "Correct --config, or leave it out."
    );
  }
  app::Values values;
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(file.string());
  } catch (const CLI::Error& error) {
    throw Failure(Code::invalid, fmt::format("{}: {}", file.string(), error.what()));
  }
  for (const CLI::ConfigItem& item : items) {
    if (item.name == "++" || item.name == "--") continue;  // CLI11's marks for sections
    std::string key;
    for (const std::string& parent : item.parents)
      key += parent + ".";
    values[key + item.name] = item.inputs.empty() ? "" : item.inputs.front();
  }
  return values;
}

/// One function a group of verbs, so that each is seen whole.
class Grammar {
 public:
  explicit Grammar(CommandLine& line) : line_(line) {
    app_.require_subcommand(0, 1);
    app_.set_version_flag("--version", std::string("opsroom ") + OPSROOM_VERSION);
    app_.add_flag("--json", line_.json, "Machine-readable output");
    app_.add_option(
        "--config", config_, "Settings file [default: ./opsroom.toml, <home>/opsroom.toml]"
    );
    app_.fallthrough();
    app_.footer(
        "Exit codes: 0 ok, 1 the run failed, 2 usage or invalid input, 3 needs a person, 4 "
        "canceled,\n"
        "5 database or server unreachable, 6 disk or limit exhausted, 70 internal error, 78 "
        "unsupported."
    );
    room_verbs();
    run_verbs();
    look_verbs();
    add_tools_verbs(
        app_,
        [this](ToolsVerb verb) { line_.verb = std::move(verb); },
        [this](CLI::App& verb) { add_settings(verb, line_.flags, {"home", "tools", "log"}); }
    );
    add_plugin_verbs(app_, [this](PluginVerb verb) { line_.verb = std::move(verb); });
  }

  void parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      if (app_.get_subcommands().empty()) {
        fmt::print("{}", app_.help());
        line_.verb = Done{2};
        return;
      }
      line_.file = read_config(config_, line_.flags);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      line_.verb = Done{code == 0 ? 0 : 2};
    }
  }

 private:
  template <class Struct>
  CLI::App& verb(const std::string& name, const std::string& help, std::shared_ptr<Struct> values) {
    CLI::App* command = app_.add_subcommand(name, help);
    command->callback([this, values] { line_.verb = *values; });
    return *command;
  }

  void room_verbs() {
    auto& up =
        verb("up", "Start database, server and worker on this machine", std::make_shared<Up>());
    add_all_settings(up, line_.flags);
    auto demo = std::make_shared<Demo>();
    auto& demo_verb =
        verb("demo", "Run a four-lane session on a small repository, from start to end", demo);
    demo_verb.add_flag("--keep", demo->keep, "Leave its directory for a look");
    auto serve = std::make_shared<Serve>();
    auto& serve_verb = verb("serve", "Run the HTTP API and the page alone", serve);
    serve_verb.add_flag(
        "--try-next-ports", serve->try_next_ports, "Take a free port if it is taken"
    );
    serve_verb.add_option("--allow-host", serve->allow_hosts, "A Host name besides loopback's");
    add_settings(
        serve_verb,
        line_.flags,
        {"home", "database_url", "address", "port", "runbooks", "lease_seconds", "log"}
    );
    auto& worker = verb("worker", "Run a worker alone", std::make_shared<Work>());
    add_settings(
        worker,
        line_.flags,
        {"home",
         "database_url",
         "worker_id",
         "concurrency",
         "batch",
         "poll_interval_ms",
         "lease_seconds",
         "heartbeat_ms",
         "self_fence_ms",
         "drain_seconds",
         "workspaces",
         "tools",
         "log"}
    );
    CLI::App* migrate = app_.add_subcommand("migrate", "Bring the database up to date");
    migrate->require_subcommand(1);
    add_settings(*migrate, line_.flags, {"home", "database_url"});
    migrate->add_subcommand("up", "Apply what is missing")->callback([this] {
      line_.verb = Migrate{false};
    });
    migrate->add_subcommand("status", "Show what is applied")->callback([this] {
      line_.verb = Migrate{true};
    });
    auto& login =
        verb("login", "Print a link that opens the page, once", std::make_shared<Login>());
    add_settings(login, line_.flags, {"home", "database_url"});
  }

  void run_verbs() {
    auto run = std::make_shared<StartRun>();
    auto& run_verb = verb("run", "Start a runbook in a lane", run);
    run_verb.add_option("runbook", run->what, "File, name of a runbook, or an intent")->required();
    run_verb.add_option("-s,--session", run->session, "Number or title; made when missing")
        ->capture_default_str();
    run_verb.add_option("-l,--lane", run->lane, "Lane")->capture_default_str();
    run_verb.add_option("-i,--input", run->inputs, "name=value, name=@file; repeatable")
        ->allow_extra_args(false);
    run_verb.add_option("--repo", run->repository, "Repository of a new session");
    run_verb.add_option(
        "--base", run->base, "Branch, tag or commit the lanes of a new session start from"
    );
    run_verb.add_option("--priority", run->priority, "Lower goes first")->capture_default_str();
    run_verb.add_flag(
        "-f,--follow", run->follow, "Show its log until it ends; the exit code is the run's"
    );
    add_settings(run_verb, line_.flags, {"home", "database_url", "runbooks"});

    auto session = std::make_shared<NewSessionVerb>();
    auto& session_verb = verb("session", "Open a session", session);
    session_verb.add_option("title", session->title, "Title")->required();
    session_verb.add_option("--repo", session->repository, "Repository its lanes are cloned from");
    session_verb.add_option("--base", session->base, "Branch, tag or commit the lanes start from");
    session_verb.add_option("--intent", session->intent, "What it is for");
    add_settings(session_verb, line_.flags, {"home", "database_url"});

    auto cancel = std::make_shared<Cancel>();
    one_run(verb("cancel", "Ask for the end of a run", cancel), cancel->run);
    auto answer = std::make_shared<Answer>();
    auto& answer_verb = verb(
        "answer", "Show what a run asks a person, or answer it (on a terminal: in a dialog)", answer
    );
    one_run(answer_verb, answer->run);
    answer_verb.add_option(
        "answer",
        answer->words,
        "name=value for each field, or '{\"name\": ...}'; retry, skip or fail for an interrupted "
        "step"
    );
    answer_verb.add_option("--input", answer->input, "Which question, when the run asks several")
        ->check(CLI::PositiveNumber);
    answer_verb.add_flag("--accept", answer->accept, "Take the defaults; or: the visit is done");
    answer_verb.add_flag("--decline", answer->decline, "Say no");
    answer_verb.add_flag("--cancel", answer->cancel, "Dismiss it without an answer");
  }

  void look_verbs() {
    add_settings(
        verb("sessions", "List sessions", std::make_shared<ListSessions>()),
        line_.flags,
        {"home", "database_url"}
    );
    add_settings(
        verb("inputs", "List open questions of all runs", std::make_shared<ListInputs>()),
        line_.flags,
        {"home", "database_url"}
    );
    auto runs = std::make_shared<ListRuns>();
    auto& runs_verb = verb("runs", "List runs", runs);
    runs_verb.add_option("-s,--session", runs->session, "Number or title");
    runs_verb.add_option("-n,--limit", runs->limit, "How many")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    add_settings(runs_verb, line_.flags, {"home", "database_url"});
    add_settings(
        verb("runbooks", "List runbooks", std::make_shared<ListRunbooks>()),
        line_.flags,
        {"home", "runbooks"}
    );
    add_settings(
        verb("workers", "List workers", std::make_shared<ListWorkers>()),
        line_.flags,
        {"home", "database_url"}
    );
    auto show = std::make_shared<ShowRun>();
    one_run(verb("show", "Show a run and its steps", show), show->run);
    auto logs = std::make_shared<Logs>();
    auto& logs_verb = verb("logs", "Print the log of a run", logs);
    one_run(logs_verb, logs->run);
    logs_verb.add_flag("-f,--follow", logs->follow, "Go on until the run ends");
    auto diff = std::make_shared<Diff>();
    one_run(verb("diff", "Print what a run has changed in its lane", diff), diff->run);
  }

  void one_run(CLI::App& command, std::int64_t& run) {
    command.add_option("run", run, "Number of the run")->required()->check(CLI::PositiveNumber);
    add_settings(command, line_.flags, {"home", "database_url"});
  }

  CommandLine& line_;
  CLI::App app_{"opsroom: an ops control room for runbooks and code tasks", "opsroom"};
  std::string config_;
};

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Grammar grammar(line);
  grammar.parse(argc, argv);
  return line;
}

}  // namespace opsroom::cli

#pragma once

#include "app/settings.hpp"
#include "cli/plugin_verbs.hpp"
#include "cli/tools_verbs.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace opsroom::cli {

struct Up {};
struct Demo {
  bool keep = false;  ///< leave the scene's directory for a look
};
struct Serve {
  bool try_next_ports = false;
  std::vector<std::string> allow_hosts;
};
struct Work {};
struct Migrate {
  bool status = false;
};
struct StartRun {
  std::string what;  ///< file, runbook name or intent
  std::string session = "default";
  std::string lane = "A";
  std::vector<std::string> inputs;
  std::string repository;
  std::string base;
  int priority = 100;
  bool follow = false;
};
struct NewSessionVerb {
  std::string title;
  std::string repository;
  std::string base;
  std::string intent;
};
struct ListSessions {};
struct ListRuns {
  std::string session;
  int limit = 20;
};
struct ListRunbooks {};
struct ListWorkers {};
struct ShowRun {
  std::int64_t run = 0;
};
struct Logs {
  std::int64_t run = 0;
  bool follow = false;
};
struct Diff {
  std::int64_t run = 0;
};
struct Cancel {
  std::int64_t run = 0;
};
struct Answer {
  std::int64_t run = 0;
  std::vector<std::string> words;  ///< a decision, name=value words, or a JSON object
  std::int64_t input = 0;          ///< which question; 0: the only one
  bool accept = false;
  bool decline = false;
  bool cancel = false;
};
struct ListInputs {};
struct Login {};
/// The command line was help, version or wrong: the text is printed already.
struct Done {
  int exit_code = 0;
};

using Verb = std::variant<
    Done,
    Up,
    Demo,
    Serve,
    Work,
    Migrate,
    StartRun,
    NewSessionVerb,
    ListSessions,
    ListRuns,
    ListRunbooks,
    ListWorkers,
    ShowRun,
    Logs,
    Diff,
    Cancel,
    Answer,
    ListInputs,
    ToolsVerb,
    PluginVerb,
    Login>;

struct CommandLine {
  Verb verb;
  app::Values flags;  ///< settings given as flags
  app::Values file;   ///< settings from opsroom.toml
  bool json = false;
};

/// Reads the words of the command line and opsroom.toml. Usage errors end as Done with exit code 2.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace opsroom::cli

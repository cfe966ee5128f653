#pragma once
#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::exec {

struct RunArgs {
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::string input;
  std::string cwd;
  std::optional<double> timeout_seconds;
  bool check = true;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("command", &RunArgs::command, "The program and its arguments; no shell reads them")
            .not_empty(),
        option("env", &RunArgs::env, "Environment variables to set on top of the inherited ones"),
        option("stdin", &RunArgs::input, "Text the program reads from its standard input"),
        option(
            "cwd",
            &RunArgs::cwd,
            "Directory to run in, relative to the working directory and inside it"
        ),
        field("timeout_seconds", &RunArgs::timeout_seconds, "Stop the program after this long")
            .at_least(0.001)
            .at_most(31'536'000),
        field("check", &RunArgs::check, "Whether a non-zero exit code fails the call")
    );
  }
};

struct RunResult {
  int exit_code = 0;
  std::optional<std::string> signal;
  bool timed_out = false;
  std::string stdout_tail;
  std::string stderr_tail;
  std::int64_t duration_ms = 0;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("exit_code", &RunResult::exit_code, "128 + N when signal N ended the program"),
        field("signal", &RunResult::signal, "The signal that ended the program, such as SIGKILL"),
        field("timed_out", &RunResult::timed_out, "Whether timeout_seconds had passed"),
        field("stdout_tail", &RunResult::stdout_tail, "The last lines, at most 16 KiB"),
        field("stderr_tail", &RunResult::stderr_tail, "The last lines, at most 16 KiB"),
        field("duration_ms", &RunResult::duration_ms, "From start to exit")
    );
  }
};

/// Runs the command in the call's working directory and streams its output while it runs.
tool::Outcome<RunResult> run(const RunArgs& args, tool::Call& call);

}  // namespace opsroom::exec

#pragma once
#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <tuple>

namespace opsroom::exec {

/// What every way of running a program takes.
struct Options {
  std::map<std::string, std::string> env;
  std::string input;
  std::string cwd;
  std::optional<double> timeout_seconds;
  bool check = true;

  static constexpr auto options() {
    using tool::field;
    using tool::option;
    return tool::fields(
        option("env", &Options::env, "Environment variables to set on top of the inherited ones"),
        option("stdin", &Options::input, "Text the program reads from its standard input"),
        option(
            "cwd",
            &Options::cwd,
            "Directory to run in, relative to the working directory and inside it"
        ),
        field("timeout_seconds", &Options::timeout_seconds, "Stop the program after this long")
            .at_least(0.001)
            .at_most(31'536'000),
        field("check", &Options::check, "Whether a non-zero exit code fails the call")
    );
  }
};

/// How the program ended, and the end of what it said.
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

/// Runs `command` as `options` say in the call's working directory, streams its output while it
/// runs, and on cancel and timeout ends everything it started. `noun` is what the result's text
/// calls it.
tool::Outcome<RunResult> supervise(
    const std::vector<std::string>& command,
    const Options& options,
    const std::string& noun,
    tool::Call& call
);

/// Throws BadArguments when the text could not be handed to a program.
void refuse_nul(const std::string& text, const std::string& pointer);

}  // namespace opsroom::exec

#pragma once
#include "options.hpp"

#include <vector>

namespace opsroom::exec {

struct RunArgs : Options {
  std::vector<std::string> command;

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field(
                "command", &RunArgs::command, "The program and its arguments; no shell reads them"
            )
                .not_empty()
        ),
        options()
    );
  }
};

/// Runs a program with its arguments, without a shell.
tool::Outcome<RunResult> run(const RunArgs& args, tool::Call& call);

}  // namespace opsroom::exec

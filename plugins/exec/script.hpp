#pragma once
#include "options.hpp"

#include <vector>

namespace opsroom::exec {

struct ScriptArgs : Options {
  std::string script;
  std::vector<std::string> interpreter{"/bin/sh", "-eu"};
  std::vector<std::string> args;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return std::tuple_cat(
        tool::fields(
            field("script", &ScriptArgs::script, "The whole text of the script").not_empty(),
            field(
                "interpreter",
                &ScriptArgs::interpreter,
                "The program that runs it, and its options; gets the script's path and args"
            )
                .not_empty(),
            option("args", &ScriptArgs::args, "Arguments for the script: $1, $2 ... in a shell")
        ),
        options()
    );
  }
};

/// Hands a script to its interpreter: as a file outside of the working directory that only this
/// user can read, gone when the call ends. Its standard input stays free for `stdin`.
tool::Outcome<RunResult> script(const ScriptArgs& args, tool::Call& call);

}  // namespace opsroom::exec

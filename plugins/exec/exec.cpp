#include "run.hpp"
#include "script.hpp"

#include <opsroom/tool.hpp>

namespace {

// A program may do anything, so nothing better can be promised for it.
constexpr opsroom::tool::Hints anything(const char* title) {
  return {
      .title = title,
      .read_only = false,
      .destructive = true,
      .idempotent = false,
      .open_world = true
  };
}

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<opsroom::exec::RunArgs>(
      "run",
      "Runs a program with its arguments, without a shell, in the working directory. Its output "
      "streams as log lines while it runs.",
      opsroom::exec::run,
      anything("Run a program")
  );
  tools.add<opsroom::exec::ScriptArgs>(
      "script",
      "Runs a script of several lines with /bin/sh -eu, or with the interpreter you name, in the "
      "working directory. Its output streams as log lines while it runs.",
      opsroom::exec::script,
      anything("Run a script")
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("exec", "0.2.0", OPSROOM_CONCURRENT);

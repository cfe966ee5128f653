#pragma once

#include "cli/books.hpp"
#include "cli/command_line.hpp"
#include "cli/plugin_verbs.hpp"
#include "cli/tools_verbs.hpp"

namespace opsroom::cli {

/// One function a verb; returns the exit code, throws Failure.
int perform(const Context& context, const Up& verb);
int perform(const Context& context, const Demo& verb);
int perform(const Context& context, const Serve& verb);
int perform(const Context& context, const Work& verb);
int perform(const Context& context, const Migrate& verb);
int perform(const Context& context, const StartRun& verb);
int perform(const Context& context, const NewSessionVerb& verb);
int perform(const Context& context, const ListSessions& verb);
int perform(const Context& context, const ListRuns& verb);
int perform(const Context& context, const ListRunbooks& verb);
int perform(const Context& context, const ListWorkers& verb);
int perform(const Context& context, const ShowRun& verb);
int perform(const Context& context, const Logs& verb);
int perform(const Context& context, const Diff& verb);
int perform(const Context& context, const Cancel& verb);
int perform(const Context& context, const Answer& verb);
int perform(const Context& context, const ListInputs& verb);
int perform(const Context& context, const Login& verb);
int perform(const Context& context, const Done& verb);

}  // namespace opsroom::cli

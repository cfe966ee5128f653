// opsroom: one binary, one verb a call.
#include "app/layout.hpp"
#include "app/settings.hpp"
#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "cli/command_line.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <variant>

namespace {

int run(int argc, char** argv) {
  using namespace opsroom;
  return_large_blocks();
  const cli::CommandLine line = cli::parse_command_line(argc, argv);
  if (const auto* done = std::get_if<cli::Done>(&line.verb)) return done->exit_code;
  cli::Context context;
  context.layout = app::find_layout();
  context.settings = app::resolve_settings(
      line.flags, app::process_environment, line.file, context.layout.runbooks
  );
  context.json = line.json;
  // Verbs that stay (up, serve, worker) set up their own; the others speak only of trouble.
  set_up_log("opsroom", context.settings.log == "info" ? "warn" : context.settings.log);
  return std::visit([&](const auto& verb) { return cli::perform(context, verb); }, line.verb);
}

}  // namespace

int main(int argc, char** argv) try {
  return run(argc, argv);
} catch (const opsroom::Failure& failure) {
  fmt::print(stderr, "opsroom: {}\n", failure.message());
  if (!failure.hint().empty()) fmt::print(stderr, "         {}\n", failure.hint());
  return opsroom::exit_code(failure.code());
} catch (const std::exception& error) {
  fmt::print(stderr, "opsroom: internal error: {}\n", error.what());
  return opsroom::exit_code(opsroom::Code::internal);
}

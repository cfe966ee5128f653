#include "process/start_failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace opsroom::process {
namespace {

struct Story {
  std::string what;  ///< which step, empty for the program itself
  std::string hint;
};

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

std::string path_hint(const SpawnSpec& spec) {
  if (spec.argv.front().find('/') != std::string::npos) return "Check the path of the program.";
  const auto path = spec.environment.find("PATH");
  if (path == spec.environment.end()) return "Its environment has no PATH: give the full path.";
  return fmt::format("It was looked for on PATH: {}", path->second);
}

std::string program_hint(const SpawnSpec& spec, int error) {
  switch (error) {
    case ENOENT:
      return path_hint(spec);
    case EACCES:
    case EPERM:
      return "Check that the file is executable (chmod +x) and not on a noexec mount.";
    case ENOEXEC:
      return "The file is no program of this machine: a script needs a #! line.";
    case ETXTBSY:
      return "The file is being written to; try again.";
    case E2BIG:
      return "Its arguments and environment are too large: pass the data on stdin or in a file.";
    default:
      return {};
  }
}

Story story(const SpawnSpec& spec, Step step, int error) {
  switch (step) {
    case Step::fork:
      return {
          "fork", "Too many processes or too little memory: lower CONCURRENCY or raise ulimit -u."
      };
    case Step::session:
      return {"starting its session", {}};
    case Step::limits:
      return {"setting its limits", {}};
    case Step::user:
      return {
          fmt::format("becoming user {}:{}", spec.run_as->uid, spec.run_as->gid),
          "Only a host that runs as root can start programs as another user.",
      };
    case Step::directory:
      return {
          fmt::format("directory {}", spec.directory.string()),
          error == EACCES ? "Its user may not enter the directory." : "Create the directory first.",
      };
    case Step::confinement:
      return {"confining it", {}};
    case Step::program:
      return {{}, program_hint(spec, error)};
    case Step::interpreter:
      return {
          "its interpreter",
          "The file is there, but the program its #! line or its loader names is not.",
      };
  }
  return {};
}

Code code_of(int error) {
  switch (error) {
    case ENOEXEC:
    case ELIBBAD:
      return Code::unsupported;
    case E2BIG:
    case ENAMETOOLONG:
    case ELOOP:
      return Code::invalid;
    case ETXTBSY:
      return Code::conflict;
    default:
      return system_failure(error, {}).code();
  }
}

}  // namespace

void check(const SpawnSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) {
    throw Failure(Code::invalid, "cannot start a process without a program");
  }
  const std::string& name = spec.argv.front();
  for (const std::string& argument : spec.argv) {
    if (has_nul(argument)) {
      throw Failure(Code::invalid, fmt::format("cannot start '{}': NUL in an argument", name));
    }
  }
  if (has_nul(spec.directory.native())) {
    throw Failure(Code::invalid, fmt::format("cannot start '{}': NUL in its directory", name));
  }
  for (const auto& [variable, value] : spec.environment) {
    if (variable.empty() || variable.find('=') != std::string::npos || has_nul(variable)) {
      throw Failure(
          Code::invalid, fmt::format("cannot start '{}': bad variable name '{}'", name, variable)
      );
    }
    if (has_nul(value)) {
      throw Failure(Code::invalid, fmt::format("cannot start '{}': NUL in {}", name, variable));
    }
  }
}

Failure start_failure(const SpawnSpec& spec, const std::optional<Report>& report) {
  const std::string& name = spec.argv.front();
  if (!report) {
    return Failure(
        Code::unavailable,
        fmt::format("cannot start '{}': opsroom-spawn ended before it was started", name),
        "Somebody killed it, or the machine is out of memory.",
        true
    );
  }
  const Story told = story(spec, static_cast<Step>(report->value), report->error);
  const std::string subject =
      fmt::format("cannot start '{}'{}{}", name, told.what.empty() ? "" : ": ", told.what);
  const Failure plain = system_failure(report->error, subject);
  const bool again = report->error == EAGAIN || report->error == ENOMEM || report->error == ETXTBSY;
  return Failure(
      code_of(report->error), plain.message(), told.hint.empty() ? plain.hint() : told.hint, again
  );
}

Failure start_timeout(const SpawnSpec& spec) {
  return Failure(
      Code::timeout,
      fmt::format("cannot start '{}': it was not running after 30 s", spec.argv.front()),
      "Is its directory or its file on a network file system that does not answer?",
      true
  );
}

}  // namespace opsroom::process

#include "leftovers.hpp"
#include "line_batcher.hpp"
#include "options.hpp"

#include <cmath>
#include <opsroom/child.hpp>

namespace opsroom::exec {
namespace {

void check(const Options& options) {
  refuse_nul(options.cwd, "/cwd");
  for (const auto& [name, value] : options.env) {
    if (name.empty() || name.find('=') != std::string::npos)
      throw tool::BadArguments("/env", "'" + name + "' is no name for an environment variable");
    refuse_nul(name, "/env");
    refuse_nul(value, "/env/" + name);
  }
}

/// A host waits 2 s for a call that it has cancelled; killing what is left takes a moment as well.
constexpr std::chrono::milliseconds grace{1000};

ChildSpec spec_of(
    const std::vector<std::string>& command,
    const Options& options,
    const tool::Call& call,
    const Fd& cwd,
    const Mark& mark
) {
  ChildSpec spec;
  spec.argv = command;
  spec.env = options.env;
  spec.env[Mark::variable] = mark.value();
  spec.input = options.input;
  spec.cwd_fd = cwd.get();
  spec.cancel_fd = call.cancel_fd();
  spec.grace = grace;
  if (options.timeout_seconds)
    spec.timeout = std::chrono::milliseconds(std::llround(*options.timeout_seconds * 1000));
  return spec;
}

std::string seconds(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

std::string in_words(const std::string& noun, const Options& options, const ChildExit& exit) {
  if (exit.timed_out)
    return noun + " timed out after " + seconds(*options.timeout_seconds) + " and was stopped";
  if (exit.signal != 0) return noun + " was ended by " + signal_name(exit.signal);
  return noun + " exited with " + std::to_string(exit.exit_code);
}

RunResult result_of(const ChildExit& exit, const LineBatcher& out, const LineBatcher& err) {
  RunResult result;
  result.exit_code = exit.exit_code;
  if (exit.signal != 0) result.signal = signal_name(exit.signal);
  result.timed_out = exit.timed_out;
  result.stdout_tail = out.tail();
  result.stderr_tail = err.tail();
  result.duration_ms = exit.duration.count();
  return result;
}

}  // namespace

void refuse_nul(const std::string& text, const std::string& pointer) {
  if (text.find('\0') != std::string::npos)
    throw tool::BadArguments(pointer, "must not contain a NUL character");
}

tool::Outcome<RunResult> supervise(
    const std::vector<std::string>& command,
    const Options& options,
    const std::string& noun,
    tool::Call& call
) {
  check(options);
  const Fd root = open_directory(call.workdir());
  const Fd cwd = open_directory_beneath(root, options.cwd);
  LineBatcher out([&](std::string_view lines) { call.log_stream("stdout", lines); });
  LineBatcher err([&](std::string_view lines) { call.log_stream("stderr", lines); });

  ChildWatch watch;
  watch.on_output = [&](Stream stream, std::string_view bytes) {
    (stream == Stream::out ? out : err).feed(bytes, LineBatcher::Clock::now());
  };
  watch.on_tick = [&] {
    const auto now = LineBatcher::Clock::now();
    out.tick(now);
    err.tick(now);
  };
  const Mark mark;
  const ChildExit exit = run_child(spec_of(command, options, call, cwd, mark), watch);
  // The group is gone; what left it (setsid, a daemon) still carries the mark.
  if (exit.cancelled || exit.timed_out) mark.kill_bearers();
  out.finish();
  err.finish();
  if (exit.cancelled) throw tool::Cancelled{};
  const bool failed = exit.timed_out || (options.check && exit.exit_code != 0);
  return {result_of(exit, out, err), in_words(noun, options, exit), failed};
}

}  // namespace opsroom::exec

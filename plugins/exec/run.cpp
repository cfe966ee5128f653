#include "run.hpp"

#include "line_batcher.hpp"

#include <cmath>
#include <opsroom/child.hpp>

namespace opsroom::exec {
namespace {

void check_text(const std::string& text, const std::string& pointer) {
  if (text.find('\0') != std::string::npos)
    throw tool::BadArguments(pointer, "must not contain a NUL character");
}

void check(const RunArgs& args) {
  for (std::size_t i = 0; i < args.command.size(); ++i)
    check_text(args.command[i], "/command/" + std::to_string(i));
  if (args.command.front().empty()) throw tool::BadArguments("/command/0", "must name a program");
  check_text(args.cwd, "/cwd");
  for (const auto& [name, value] : args.env) {
    if (name.empty() || name.find('=') != std::string::npos)
      throw tool::BadArguments("/env", "'" + name + "' is no name for an environment variable");
    check_text(name, "/env");
    check_text(value, "/env/" + name);
  }
}

ChildSpec spec_of(const RunArgs& args, const tool::Call& call, const Fd& cwd) {
  ChildSpec spec;
  spec.argv = args.command;
  spec.env = args.env;
  spec.input = args.input;
  spec.cwd_fd = cwd.get();
  spec.cancel_fd = call.cancel_fd();
  if (args.timeout_seconds)
    spec.timeout = std::chrono::milliseconds(std::llround(*args.timeout_seconds * 1000));
  return spec;
}

std::string seconds(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

std::string in_words(const RunArgs& args, const ChildExit& exit) {
  if (exit.timed_out)
    return "command timed out after " + seconds(*args.timeout_seconds) + " and was stopped";
  if (exit.signal != 0) return "command was ended by " + signal_name(exit.signal);
  return "command exited with " + std::to_string(exit.exit_code);
}

}  // namespace

tool::Outcome<RunResult> run(const RunArgs& args, tool::Call& call) {
  check(args);
  const Fd root = open_directory(call.workdir());
  const Fd cwd = open_directory_beneath(root, args.cwd);
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
  const ChildExit exit = run_child(spec_of(args, call, cwd), watch);
  out.finish();
  err.finish();
  if (exit.cancelled) throw tool::Cancelled{};

  RunResult result;
  result.exit_code = exit.exit_code;
  if (exit.signal != 0) result.signal = signal_name(exit.signal);
  result.timed_out = exit.timed_out;
  result.stdout_tail = out.tail();
  result.stderr_tail = err.tail();
  result.duration_ms = exit.duration.count();
  const bool failed = exit.timed_out || (args.check && exit.exit_code != 0);
  return {std::move(result), in_words(args, exit), failed};
}

}  // namespace opsroom::exec

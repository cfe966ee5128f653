#include "repository.hpp"

#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

constexpr std::chrono::minutes longest_command{2};

std::string described(const std::vector<std::string>& arguments) {
  return "git " + (arguments.empty() ? std::string() : arguments.front());
}

}  // namespace

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

Repository::Repository(tool::Call& call)
    : call_(call),
      directory_(open_directory(call.workdir())),
      env_{
          {"GIT_TERMINAL_PROMPT", "0"},
          {"GIT_EDITOR", "true"},
          {"GIT_LITERAL_PATHSPECS", "1"},
          {"LC_ALL", "C"}
      } {
  const GitOutput answer = run({"rev-parse", "--is-inside-work-tree"});
  if (answer.exit_code != 0 || trimmed(answer.out) != "true")
    throw std::runtime_error(
        call.workdir().string() + " is no git checkout: " + trimmed(answer.err) +
        "; run the step in a lane of a repository"
    );
}

GitOutput Repository::run(std::vector<std::string> arguments, const std::string& input) const {
  const std::string what = described(arguments);
  ChildSpec spec;
  spec.argv = std::move(arguments);
  // Signing may ask for a passphrase, and a file system monitor is code the checkout chooses.
  spec.argv.insert(
      spec.argv.begin(), {"git", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false"}
  );
  spec.env = env_;
  spec.cwd_fd = directory_.get();
  spec.input = input;
  spec.cancel_fd = call_.cancel_fd();
  spec.timeout = longest_command;
  GitOutput output;
  ChildWatch watch;
  watch.on_tick = [] {};
  watch.on_output = [&](Stream stream, std::string_view bytes) {
    (stream == Stream::out ? output.out : output.err) += bytes;
  };
  const ChildExit exit = run_child(spec, watch);
  if (exit.cancelled) throw tool::Cancelled{};
  if (exit.timed_out)
    throw std::runtime_error(
        what + " took longer than two minutes and was stopped; is a hook waiting?"
    );
  output.exit_code = exit.exit_code;
  return output;
}

GitOutput Repository::must(std::vector<std::string> arguments, const std::string& input) const {
  const std::string what = described(arguments);
  GitOutput output = run(std::move(arguments), input);
  if (output.exit_code == 0) return output;
  std::string said = trimmed(printable_utf8(output.err.empty() ? output.out : output.err));
  if (said.empty()) said = "exit code " + std::to_string(output.exit_code);
  throw std::runtime_error(what + " failed: " + said);
}

}  // namespace opsroom::git

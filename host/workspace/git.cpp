#include "workspace/git.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

namespace opsroom::workspace {
namespace {

/// Set on every command line, where it beats what any configuration file says.
constexpr std::array<const char*, 21> flags = {
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.excludesFile=/dev/null",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "core.quotePath=false",
    "core.autocrlf=false",
    // Names like "git~1" are only dangerous on other systems, and would make git refuse the lane.
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "core.splitIndex=false",
    // Asking the hub for all its branches at each fetch from a lane would cost more than it saves.
    "core.alternateRefsPrefixes=refs/opsroom/head",
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
};

constexpr const char* ssh_command =
    "ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15 -oServerAliveCountMax=4";

/// What a connection to a remote needs from the operator's environment.
constexpr std::array<const char*, 13> remote_variables = {
    "SSH_AUTH_SOCK",
    "XDG_CONFIG_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
};

void add_remote_variables(process::Environment& environment) {
  for (const char* name : remote_variables) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
}

std::string_view without_label(std::string_view line) {
  for (const std::string_view label : {"fatal: ", "error: ", "remote: "}) {
    if (line.starts_with(label)) return line.substr(label.size());
  }
  return line;
}

bool disk_is_full(std::string_view text) {
  return text.find("No space left on device") != std::string_view::npos ||
         text.find("Disk quota exceeded") != std::string_view::npos;
}

/// Lines that say nothing about the reason.
bool is_chatter(std::string_view line) {
  return line.empty() || line.starts_with("hint: ") ||
         line.starts_with("Please make sure you have the correct access rights") ||
         line.starts_with("and the repository exists.");
}

}  // namespace

Git::Git(
    process::Spawner& spawner,
    std::filesystem::path root,
    std::optional<std::filesystem::path> remote_config
)
    : spawner_(spawner), root_(std::move(root)), remote_config_(std::move(remote_config)) {}

process::Environment Git::environment(const GitCall& call) const {
  process::Environment environment = process::base_environment();
  environment["LC_ALL"] = "C";
  environment["GIT_DIR"] = call.git_dir.string();
  if (!call.work_tree.empty()) environment["GIT_WORK_TREE"] = call.work_tree.string();
  if (!call.index.empty()) environment["GIT_INDEX_FILE"] = call.index.string();
  environment["GIT_CEILING_DIRECTORIES"] = root_.string();
  environment["GIT_CONFIG_NOSYSTEM"] = "1";
  environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
  environment["GIT_ATTR_NOSYSTEM"] = "1";
  environment["GIT_NO_REPLACE_OBJECTS"] = "1";
  // Missing objects of a lane that calls itself a partial clone are not fetched by its
  // configuration.
  environment["GIT_NO_LAZY_FETCH"] = "1";
  environment["GIT_OPTIONAL_LOCKS"] = "0";
  environment["GIT_TERMINAL_PROMPT"] = "0";
  environment["GIT_ASKPASS"] = "/bin/false";
  environment["SSH_ASKPASS"] = "/bin/false";
  environment["GIT_EDITOR"] = "/bin/false";
  if (call.reach == Reach::remote) {
    add_remote_variables(environment);
    if (remote_config_) environment["GIT_CONFIG_GLOBAL"] = remote_config_->string();
    environment["GIT_SSH_COMMAND"] = ssh_command;
    environment["GIT_ALLOW_PROTOCOL"] = "file:https:ssh";
  } else {
    environment["HOME"] = "/nonexistent";
    environment["GIT_SSH_COMMAND"] = "/bin/false";
    environment["GIT_ALLOW_PROTOCOL"] = call.reach == Reach::lane ? "file" : "none";
  }
  return environment;
}

void Git::trust_until(Clock::time_point until) {
  if (until <= trusted_until_) return;
  trusted_until_ = until;
  trust_->renew(until);
}

Task<process::CommandResult> Git::run(GitCall call) {
  process::Command command;
  command.spawn.argv.emplace_back("git");
  for (const char* flag : flags) {
    command.spawn.argv.emplace_back("-c");
    command.spawn.argv.emplace_back(flag);
  }
  if (call.reach != Reach::remote) {
    command.spawn.argv.emplace_back("-c");
    command.spawn.argv.emplace_back("credential.helper=");
  }
  // A lane must not fill the host's disk with one huge object.
  if (call.reach == Reach::lane) command.spawn.limits.file_size_bytes = 1ull << 30;
  for (auto& argument : call.args)
    command.spawn.argv.push_back(std::move(argument));
  command.spawn.directory = call.work_tree.empty() ? root_ : call.work_tree;
  command.spawn.environment = environment(call);
  command.input = std::move(call.input);
  command.timeout = call.timeout;
  command.output_limit = call.output_limit;
  command.trust = trust_;
  co_return co_await process::run_command(spawner_, std::move(command));
}

Task<std::string> Git::output(GitCall call, std::string what) {
  process::CommandResult result = co_await run(std::move(call));
  if (!result.status.ok()) throw git_failure(result, what);
  co_return std::move(result.out);
}

std::string git_reason(const process::CommandResult& result) {
  std::vector<std::string> telling;
  for (const std::string& line : split_lines(result.err)) {
    if (!is_chatter(line)) telling.emplace_back(without_label(line));
  }
  if (telling.empty()) return "git " + result.status.text();
  const std::size_t first = telling.size() > 3 ? telling.size() - 3 : 0;
  std::string reason;
  for (std::size_t i = first; i < telling.size(); ++i) {
    reason += (reason.empty() ? "" : "; ") + telling[i];
  }
  return printable_utf8(reason);
}

Failure git_failure(
    const process::CommandResult& result,
    std::string_view what,
    Code code,
    std::string hint,
    bool retryable
) {
  const std::string message = fmt::format("{}: {}", what, git_reason(result));
  if (disk_is_full(result.err)) {
    return Failure(
        Code::exhausted,
        message,
        "The disk is full: free space there, or move the data directory (OPSROOM_HOME)."
    );
  }
  return Failure(code, message, std::move(hint), retryable);
}

std::string local_upload_pack() {
  return "git -c safe.directory=* -c core.hooksPath=/dev/null -c core.fsmonitor=false "
         "upload-pack";
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  return text;
}

}  // namespace opsroom::workspace

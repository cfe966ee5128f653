#include "repository.hpp"

#include <algorithm>
#include <cstdlib>
#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

constexpr std::size_t most_output = std::size_t{64} << 20;

std::string described(const Words& arguments) {
  return "git " + (arguments.empty() ? std::string() : arguments.front());
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// Of our own and the operator's environment: what every command sees.
std::map<std::string, std::string> environment(const std::filesystem::path& checkout) {
  std::map<std::string, std::string> env{
      {"GIT_TERMINAL_PROMPT", "0"},
      {"SSH_ASKPASS_REQUIRE", "never"},
      {"GIT_EDITOR", "true"},
      {"GIT_LITERAL_PATHSPECS", "1"},
      {"LC_ALL", "C"},
      // The checkout is this directory: not one around it, and not one its configuration names.
      {"GIT_CEILING_DIRECTORIES", checkout.parent_path().string()},
      {"GIT_WORK_TREE", checkout.string()},
  };
  // Against a configuration that allows ext::, which is a command by another name.
  if (!is_set("GIT_ALLOW_PROTOCOL")) env["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh";
  // Even an empty one keeps git from looking for core.gitProxy.
  if (!is_set("GIT_PROXY_COMMAND")) env["GIT_PROXY_COMMAND"] = "";
  return env;
}

}  // namespace

Repository::Repository(tool::Call& call, bool hooks)
    : call_(call),
      path_(std::filesystem::weakly_canonical(call.workdir())),
      directory_(open_directory(call.workdir())),
      env_(environment(path_)) {
  const GitOutput answer = run({"rev-parse", "--git-dir"});
  if (answer.exit_code != 0)
    throw std::runtime_error(
        call.workdir().string() + " is no git checkout: " + trimmed(answer.err) +
        "; run the step in a lane of a repository"
    );
  put_over(always(hooks));
  put_over(shield_against(run({"config", "--list", "--show-scope", "-z"}).out));
}

void Repository::put_over(const Settings& settings) {
  if (const char* theirs = std::getenv("GIT_CONFIG_COUNT"); theirs != nullptr && settings_ == 0)
    settings_ = static_cast<std::size_t>(std::max(0, std::atoi(theirs)));
  for (const auto& [key, value] : settings) {
    const std::string number = std::to_string(settings_++);
    env_["GIT_CONFIG_KEY_" + number] = key;
    env_["GIT_CONFIG_VALUE_" + number] = value;
  }
  env_["GIT_CONFIG_COUNT"] = std::to_string(settings_);
}

GitOutput Repository::run(
    Words arguments, const std::string& input, std::chrono::milliseconds limit
) const {
  const std::string what = described(arguments);
  ChildSpec spec;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), "git");
  spec.env = env_;
  spec.cwd_fd = directory_.get();
  spec.input = input;
  spec.cancel_fd = call_.cancel_fd();
  // A host waits 2 s for a call that it has cancelled.
  spec.grace = std::chrono::seconds(1);
  spec.timeout = std::min(limit, call_.remaining().value_or(limit));
  GitOutput output;
  ChildWatch watch;
  watch.on_tick = [] {};
  watch.on_output = [&](Stream stream, std::string_view bytes) {
    std::string& text = stream == Stream::out ? output.out : output.err;
    output.cut = output.cut || bytes.size() > most_output - text.size();
    text += bytes.substr(0, most_output - text.size());
  };
  const ChildExit exit = run_child(spec, watch);
  if (exit.cancelled) throw tool::Cancelled{};
  if (exit.timed_out)
    throw std::runtime_error(
        what + " took longer than " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*spec.timeout).count()) +
        " seconds and was stopped; give the step more time, or look what it waits for"
    );
  output.exit_code = exit.exit_code;
  return output;
}

GitOutput Repository::must(Words arguments, const std::string& input) const {
  const std::string what = described(arguments);
  GitOutput output = run(std::move(arguments), input);
  if (output.exit_code == 0) return output;
  std::string said = trimmed(printable_utf8(output.err.empty() ? output.out : output.err));
  if (said.empty()) said = "exit code " + std::to_string(output.exit_code);
  throw std::runtime_error(what + " failed: " + said);
}

void Repository::set_identity(
    const std::optional<std::string>& author_name, const std::optional<std::string>& author_email
) {
  const auto configured = [&](const char* key, const char* otherwise) {
    const std::string value = trimmed(run({"config", "--get", key}).out);
    return value.empty() ? std::string(otherwise) : value;
  };
  const std::string name = configured("user.name", "opsroom");
  const std::string email = configured("user.email", "opsroom@localhost");
  set("GIT_COMMITTER_NAME", name);
  set("GIT_COMMITTER_EMAIL", email);
  set("GIT_AUTHOR_NAME", author_name.value_or(name));
  set("GIT_AUTHOR_EMAIL", author_email.value_or(email));
}

std::optional<std::string> Repository::find_commit(const std::string& revision) const {
  if (revision.empty() || revision.find('\0') != std::string::npos) return std::nullopt;
  const GitOutput answer =
      run({"rev-parse", "--quiet", "--verify", "--end-of-options", revision + "^{commit}"});
  if (answer.exit_code != 0) return std::nullopt;
  return trimmed(answer.out);
}

std::string Repository::commit_id(const std::string& revision, const std::string& pointer) const {
  if (auto id = find_commit(revision)) return *std::move(id);
  throw tool::BadArguments(
      pointer, "\"" + revision + "\" is no commit here; git.log and git.branch show what there is"
  );
}

std::optional<std::string> Repository::branch() const {
  const GitOutput answer = run({"symbolic-ref", "--quiet", "--short", "HEAD"});
  if (answer.exit_code != 0) return std::nullopt;
  return printable_utf8(trimmed(answer.out));
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\0', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Words with_paths(Words words, const Words& paths) {
  words.emplace_back("--");
  words.insert(words.end(), paths.begin(), paths.end());
  return words;
}

void check_paths(const Words& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (paths[i].empty() || paths[i].find('\0') != std::string::npos)
      throw tool::BadArguments("/paths/" + std::to_string(i), "must name a file or directory");
}

void check_branch_name(
    const Repository& repository, const std::string& name, const std::string& pointer
) {
  const bool good = !name.empty() && name.front() != '-' && name.find('\0') == std::string::npos &&
                    repository.run({"check-ref-format", "refs/heads/" + name}).exit_code == 0;
  if (!good) throw tool::BadArguments(pointer, "\"" + name + "\" is no name for a branch");
}

}  // namespace opsroom::git

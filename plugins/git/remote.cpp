#include "remote.hpp"

#include <algorithm>
#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// "https://me:secret@host/x" without the secret.
std::string without_password(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto start = scheme + 3;
  const auto at = url.substr(0, url.find('/', start)).rfind('@');
  if (at == std::string::npos || at < start) return url;
  const auto colon = url.find(':', start);
  if (colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon) + url.substr(at);
}

/// The directory a URL names; none when it leads to another machine.
std::optional<fs::path> local_path(const std::string& url) {
  if (url.starts_with("file://")) return fs::path(url.substr(7));
  if (has(url, "://")) return std::nullopt;
  const auto colon = url.find(':');
  const auto slash = url.find('/');
  // host:path is ssh.
  if (colon != std::string::npos && (slash == std::string::npos || colon < slash))
    return std::nullopt;
  return fs::path(url);
}

void refuse_inside(const Repository& repository, const std::string& url) {
  const auto path = local_path(url);
  if (!path) return;
  const auto place = fs::weakly_canonical(repository.directory() / *path);
  const auto relative = place.lexically_relative(repository.directory());
  if (!relative.empty() && *relative.begin() != "..")
    throw std::runtime_error(
        "the remote " + url +
        " stands inside of the checkout, where anybody's hooks could run; "
        "push to one outside"
    );
}

/// What git makes of an address that is no remote's name: pushInsteadOf goes before insteadOf, and
/// the longest beginning counts. git itself tells it only of remotes.
std::string rewritten(const Repository& repository, const std::string& url) {
  const GitOutput rules =
      repository.run({"config", "-z", "--get-regexp", "^url\\..*\\.(push)?insteadof$"});
  for (const std::string_view name : {".pushinsteadof", ".insteadof"}) {
    std::string base;
    std::size_t longest = 0;
    for (const std::string& rule : parts_of(rules.out)) {
      const auto newline = std::min(rule.find('\n'), rule.size());
      const std::string key = rule.substr(0, newline);
      const std::string start = rule.substr(std::min(newline + 1, rule.size()));
      if (!key.ends_with(name) || !url.starts_with(start) || start.size() <= longest) continue;
      longest = start.size();
      base = key.substr(4, key.size() - 4 - name.size());
    }
    if (longest > 0) return base + url.substr(longest);
  }
  return url;
}

[[noreturn]] void throw_unknown(const Repository& repository, const std::string& remote) {
  std::string known;
  for (const auto& name : lines_of(repository.must({"remote"}).out))
    known += (known.empty() ? "" : ", ") + printable_utf8(name);
  throw std::runtime_error(
      "there is no remote " + remote + "; there is " + (known.empty() ? "none" : known) +
      ", or give a URL"
  );
}

std::string reason_in(const std::string& summary) {
  const auto open = summary.find('(');
  const auto close = summary.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return summary;
  return summary.substr(open + 1, close - open - 1);
}

std::string remedy_for(const std::string& reason) {
  if (has(reason, "non-fast-forward") || has(reason, "fetch first"))
    return "the remote has commits this one lacks: fetch and merge them, then push again; or "
           "overwrite them with force: true";
  if (has(reason, "stale info"))
    return "the remote branch is not at the expected commit any more: look at it again";
  if (has(reason, "hook declined")) return "a hook of the remote refuses it; its messages say why";
  if (has(reason, "protected"))
    return "the branch is protected: push another one and ask for a merge";
  if (has(reason, "currently checked out"))
    return "somebody works on that branch in the remote: push to a bare repository or another "
           "branch";
  if (has(reason, "already exists")) return "the tag exists there: take another name, or force";
  return "the remote refuses it; its messages may say why";
}

/// The flag that begins the line of `git push --porcelain`.
std::string outcome_of(char flag, const std::string& summary) {
  switch (flag) {
    case '*':
      return "created";
    case '+':
      return "forced";
    case '-':
      return "deleted";
    case '=':
      return "up_to_date";
    case '!':
      return "rejected";
    default:
      return has(summary, "[new") ? "created" : "pushed";
  }
}

std::vector<std::string> remote_messages(const std::string& err) {
  constexpr std::string_view mark = "remote: ";
  std::vector<std::string> messages;
  for (const auto& line : lines_of(err))
    if (line.starts_with(mark))
      messages.push_back(printable_utf8(trimmed(line.substr(mark.size()))));
  return messages;
}

[[noreturn]] void throw_unreachable(const std::string& url, const std::string& said) {
  std::string help = "check the address, and that this machine may reach it";
  if (has(said, "could not read Username") || has(said, "could not read Password") ||
      has(said, "Authentication failed"))
    help =
        "nobody is there to type a password: give the worker's user a credential helper or an "
        "SSH key";
  if (has(said, "Permission denied"))
    help = "give the worker's user a key or the right to write there";
  if (has(said, "Host key verification failed"))
    help = "add the host to the known_hosts of the worker's user";
  if (has(said, "not allowed")) help = "only file, git, http, https and ssh addresses are allowed";
  if (has(said, "does not appear to be a git repository") || has(said, "not found"))
    help = "check the address: there is no repository";
  throw std::runtime_error("can't push to " + url + ": " + said + "; " + help);
}

Words words_of(const PushOrder& order) {
  Words words{
      "push",
      "--porcelain",
      "--no-verify",
      "--no-follow-tags",
      "--recurse-submodules=no",
      "--receive-pack=git-receive-pack"
  };
  if (order.force && order.expected)
    words.push_back("--force-with-lease=" + order.target + ":" + *order.expected);
  else if (order.force)
    words.emplace_back("--force");
  words.insert(words.end(), {"--", order.remote, order.source + ":" + order.target});
  return words;
}

}  // namespace

std::string address_of(const Repository& repository, const std::string& remote) {
  const GitOutput known = repository.run({"remote", "get-url", "--push", "--all", "--", remote});
  std::vector<std::string> urls = lines_of(known.out);
  if (known.exit_code != 0 || urls.empty()) {
    if (!has(remote, "/") && !has(remote, ":")) throw_unknown(repository, remote);
    urls = {rewritten(repository, remote)};
  }
  for (const std::string& url : urls)
    refuse_inside(repository, url);
  return without_password(printable_utf8(urls.front()));
}

Pushed push_ref(const Repository& repository, const PushOrder& order) {
  const std::string url = address_of(repository, order.remote);
  const GitOutput said = repository.run(words_of(order), "", order.limit);
  Pushed pushed;
  pushed.ref = order.target;
  pushed.messages = remote_messages(said.err);
  for (const auto& line : lines_of(said.out)) {
    const auto first = line.find('\t');
    const auto second = line.find('\t', first + 1);
    if (first != 1 || second == std::string::npos) continue;
    const std::string summary = printable_utf8(line.substr(second + 1));
    pushed.outcome = outcome_of(line[0], summary);
    if (pushed.outcome != "rejected") continue;
    pushed.reason = reason_in(summary);
    pushed.remedy = remedy_for(*pushed.reason);
  }
  if (pushed.outcome.empty()) {
    std::string why = trimmed(printable_utf8(said.err));
    if (why.empty()) why = "git push exited with " + std::to_string(said.exit_code);
    throw_unreachable(url, why);
  }
  return pushed;
}

}  // namespace opsroom::git

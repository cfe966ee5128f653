#include "commit.hpp"

#include "repository.hpp"

#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

using Words = std::vector<std::string>;

Words with_paths(Words words, const Words& paths) {
  words.emplace_back("--");
  words.insert(words.end(), paths.begin(), paths.end());
  return words;
}

std::string configured(const Repository& repository, const char* key) {
  return trimmed(repository.run({"config", "--get", key}).out);
}

void set_identity(Repository& repository, const CommitArgs& args) {
  std::string name = configured(repository, "user.name");
  std::string email = configured(repository, "user.email");
  if (name.empty()) name = "opsroom";
  if (email.empty()) email = "opsroom@localhost";
  repository.set("GIT_COMMITTER_NAME", name);
  repository.set("GIT_COMMITTER_EMAIL", email);
  repository.set("GIT_AUTHOR_NAME", args.author_name.value_or(name));
  repository.set("GIT_AUTHOR_EMAIL", args.author_email.value_or(email));
}

void stage(const Repository& repository, const Words& paths) {
  if (paths.empty())
    repository.must({"add", "--all"});
  else
    repository.must(with_paths({"add", "--all"}, paths));
}

/// Whether a commit would be empty. One that ends a merge never is, whatever the files say.
bool nothing_staged(const Repository& repository, const Words& paths) {
  if (repository.run({"rev-parse", "--quiet", "--verify", "MERGE_HEAD"}).exit_code == 0)
    return false;
  Words words{"diff", "--cached", "--quiet", "--no-ext-diff"};
  if (!paths.empty()) words = with_paths(words, paths);
  return repository.run(std::move(words)).exit_code == 0;
}

void count_changes(const Repository& repository, CommitResult& result) {
  const Words words{
      "diff-tree", "--root", "--no-commit-id", "--numstat", "-r", "-m", "--first-parent", "HEAD"
  };
  std::istringstream lines(repository.must(words).out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string added;
    std::string removed;
    if (!(fields >> added >> removed)) continue;
    ++result.files_changed;
    // A binary file shows "-" for both.
    if (added != "-") result.insertions += std::stoll(added);
    if (removed != "-") result.deletions += std::stoll(removed);
  }
}

CommitResult look_at_head(const Repository& repository) {
  CommitResult result;
  result.commit = trimmed(repository.must({"rev-parse", "HEAD"}).out);
  const GitOutput branch = repository.run({"symbolic-ref", "--quiet", "--short", "HEAD"});
  if (branch.exit_code == 0) result.branch = printable_utf8(trimmed(branch.out));
  count_changes(repository, result);
  return result;
}

std::string in_words(const CommitResult& result) {
  return "committed " + result.commit.substr(0, 12) +
         (result.branch ? " on " + *result.branch : std::string(" on no branch")) + ": " +
         std::to_string(result.files_changed) + " files, +" + std::to_string(result.insertions) +
         " -" + std::to_string(result.deletions);
}

void check(const CommitArgs& args) {
  if (trimmed(args.message).empty()) throw tool::BadArguments("/message", "must not be blank");
  for (std::size_t i = 0; i < args.paths.size(); ++i)
    if (args.paths[i].empty() || args.paths[i].find('\0') != std::string::npos)
      throw tool::BadArguments("/paths/" + std::to_string(i), "must name a file or directory");
}

}  // namespace

tool::Outcome<CommitResult> commit(const CommitArgs& args, tool::Call& call) {
  check(args);
  Repository repository(call);
  set_identity(repository, args);
  stage(repository, args.paths);
  if (!args.allow_empty && nothing_staged(repository, args.paths))
    throw std::runtime_error(
        args.paths.empty() ? "nothing to commit: no file has changed"
                           : "nothing to commit: none of the given paths has changed"
    );
  Words words{"commit", "--quiet", "--file=-"};
  if (args.allow_empty) words.emplace_back("--allow-empty");
  if (!args.paths.empty()) words = with_paths(words, args.paths);
  const GitOutput said = repository.must(std::move(words), args.message);
  // Hooks talk on stderr; what they said belongs to the step's log.
  if (!said.err.empty()) call.log_stream("stderr", printable_utf8(trimmed(said.err)));
  CommitResult result = look_at_head(repository);
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::git

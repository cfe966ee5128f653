#include "commit.hpp"

#include "repository.hpp"
#include "stage.hpp"

#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

/// Whether a commit would be empty. One that ends a merge never is, whatever the files say.
bool nothing_staged(const Repository& repository, const Words& paths) {
  if (repository.run({"rev-parse", "--quiet", "--verify", "MERGE_HEAD"}).exit_code == 0)
    return false;
  Words words{"diff", "--cached", "--quiet", "--no-ext-diff", "--no-textconv"};
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
  result.branch = repository.branch();
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
  if (args.message.find('\0') != std::string::npos)
    throw tool::BadArguments("/message", "must not contain a NUL character");
  check_paths(args.paths);
}

void tell_left_out(const Words& directories, const tool::Call& call) {
  for (const std::string& directory : directories)
    call.log(
        tool::Level::warning,
        printable_utf8(directory) + " is a repository of its own and was left out of the commit"
    );
}

}  // namespace

tool::Outcome<CommitResult> commit(const CommitArgs& args, tool::Call& call) {
  check(args);
  Repository repository(call, args.hooks);
  repository.set_identity(args.author_name, args.author_email);
  tell_left_out(stage(repository, args.paths), call);
  if (!args.allow_empty && nothing_staged(repository, args.paths))
    throw std::runtime_error(
        args.paths.empty() ? "nothing to commit: no file has changed"
                           : "nothing to commit: none of the given paths has changed"
    );
  Words words{"commit", "--quiet", "--file=-"};
  if (!args.hooks) words.emplace_back("--no-verify");
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

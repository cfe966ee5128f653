#include "log.hpp"

#include "repository.hpp"

#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

/// Every field ends with NUL, which can't be in any of them.
constexpr const char* format = "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%aI%x00%s%x00%b";
constexpr std::size_t fields_each = 7;

LogCommit commit_of(const std::vector<std::string>& parts, std::size_t at) {
  LogCommit commit;
  commit.commit = parts[at];
  std::istringstream parents(parts[at + 1]);
  for (std::string parent; parents >> parent;)
    commit.parents.push_back(parent);
  commit.author_name = printable_utf8(parts[at + 2]);
  commit.author_email = printable_utf8(parts[at + 3]);
  commit.date = parts[at + 4];
  commit.subject = printable_utf8(parts[at + 5]);
  commit.body = printable_utf8(trimmed(parts[at + 6]));
  return commit;
}

std::string in_words(const LogResult& result) {
  if (result.commits.empty()) return "no commits";
  std::string text;
  for (const LogCommit& commit : result.commits)
    text += commit.commit.substr(0, 12) + " " + commit.date + " " + commit.author_name + ": " +
            commit.subject + "\n";
  if (result.truncated) text += "... and more; raise limit, or go on with skip\n";
  text.pop_back();
  return text;
}

}  // namespace

tool::Outcome<LogResult> log(const LogArgs& args, tool::Call& call) {
  check_paths(args.paths);
  const Repository repository(call);
  Words words{"log", "-z", "--no-color", "--no-show-signature", "--no-ext-diff", format};
  // One more than wanted tells whether there are more.
  words.push_back("--max-count=" + std::to_string(args.limit + 1));
  words.push_back("--skip=" + std::to_string(args.skip));
  words.push_back(repository.commit_id(args.from, "/from"));
  if (args.not_in) words.push_back("^" + repository.commit_id(*args.not_in, "/not_in"));
  const auto parts = parts_of(repository.must(with_paths(words, args.paths)).out);
  LogResult result;
  for (std::size_t at = 0; at + fields_each <= parts.size(); at += fields_each)
    result.commits.push_back(commit_of(parts, at));
  result.truncated = static_cast<std::int64_t>(result.commits.size()) > args.limit;
  if (result.truncated) result.commits.pop_back();
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::git

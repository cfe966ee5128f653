#include "status.hpp"

#include "changed_files.hpp"
#include "repository.hpp"

#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

/// What stands behind the first `count` blanks.
std::string after_blanks(const std::string& text, int count) {
  std::size_t at = 0;
  for (; count > 0; --count)
    at = text.find(' ', at) + 1;
  return text.substr(at);
}

void read_header(const std::string& part, StatusResult& result) {
  std::istringstream words(part);
  std::string mark;
  std::string name;
  std::string value;
  words >> mark >> name >> value;
  if (name == "branch.oid" && value != "(initial)") result.commit = value;
  if (name == "branch.head" && value != "(detached)") result.branch = printable_utf8(value);
  if (name == "branch.upstream") result.upstream = printable_utf8(value);
  if (name != "branch.ab") return;
  std::string behind;
  words >> behind;
  result.ahead = std::stoll(value.substr(1));
  result.behind = std::stoll(behind.substr(1));
}

/// Lines of `git status --porcelain=v2 -z`; a rename's old path is a part of its own.
void read_entries(const std::vector<std::string>& parts, StatusResult& result) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (part.size() < 3) continue;
    StatusEntry entry;
    switch (part[0]) {
      case '#':
        read_header(part, result);
        continue;
      case '1':
        entry = {after_blanks(part, 8), {}, change_word(part[2]), change_word(part[3])};
        break;
      case '2':
        entry = {after_blanks(part, 9), {}, change_word(part[2]), change_word(part[3])};
        if (i + 1 < parts.size()) entry.old_path = printable_utf8(parts[++i]);
        break;
      case 'u':
        entry = {after_blanks(part, 10), {}, "unmerged", "unmerged"};
        ++result.conflicts;
        break;
      default:
        entry = {part.substr(2), {}, "unchanged", part[0] == '?' ? "untracked" : "ignored"};
    }
    if (entry.unstaged != "ignored") result.clean = false;
    entry.path = printable_utf8(entry.path);
    result.entries.push_back(std::move(entry));
  }
}

std::string in_words(const StatusResult& result) {
  std::string text = result.branch ? "on " + *result.branch : "on no branch";
  if (!result.commit) text += ", no commit yet";
  if (result.upstream && result.ahead)
    text += ", " + std::to_string(*result.ahead) + " ahead of and " +
            std::to_string(*result.behind) + " behind " + *result.upstream;
  text += result.clean ? "; nothing has changed" : "";
  for (const StatusEntry& entry : result.entries) {
    const bool both = entry.staged != "unchanged" && entry.unstaged != "unchanged" &&
                      entry.staged != entry.unstaged;
    const std::string& word = entry.staged != "unchanged" ? entry.staged : entry.unstaged;
    text += "\n" + word + (both ? ", then " + entry.unstaged : "") + " " +
            (entry.old_path ? *entry.old_path + " -> " : "") + entry.path;
  }
  return text;
}

}  // namespace

tool::Outcome<StatusResult> status(const StatusArgs& args, tool::Call& call) {
  check_paths(args.paths);
  Repository repository(call);
  // Without it even a look refreshes the index.
  repository.set("GIT_OPTIONAL_LOCKS", "0");
  // Inside of a repository within the checkout git would obey that one's configuration.
  Words words{
      "status",
      "--porcelain=v2",
      "--branch",
      "-z",
      "--untracked-files=all",
      "--ignore-submodules=dirty"
  };
  if (args.ignored) words.emplace_back("--ignored=matching");
  StatusResult result;
  read_entries(parts_of(repository.must(with_paths(words, args.paths)).out), result);
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::git

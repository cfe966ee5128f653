#include "merge_tree.hpp"

#include <algorithm>
#include <map>
#include <opsroom/text.hpp>
#include <sstream>

namespace opsroom::git {
namespace {

constexpr std::size_t most_hunks = 50;
constexpr std::size_t most_conflicts = 200;
constexpr std::size_t longest_side = 4000;
/// Of all sides together: the report has to fit into an answer.
constexpr std::size_t most_text = std::size_t{2} << 20;

/// What git says of one conflict, kept until all is read: one path may have several.
struct Notice {
  std::vector<std::string> paths;
  std::string type;
  std::string message;
};

std::string shortened(const std::string& side, bool& cut) {
  if (side.size() <= longest_side) return printable_utf8(side);
  cut = true;
  const std::string_view start = std::string_view(side).substr(0, longest_side);
  return printable_utf8(start.substr(0, whole_characters(start))) + "\n... cut";
}

/// After the list of files: count of paths, the paths, a type, a message; and again.
std::vector<Notice> notices_in(const std::vector<std::string>& parts, std::size_t at) {
  std::vector<Notice> notices;
  while (at < parts.size()) {
    const auto count = static_cast<std::size_t>(std::strtoul(parts[at].c_str(), nullptr, 10));
    if (count == 0 || at + count + 2 >= parts.size()) break;
    Notice notice;
    for (std::size_t i = 1; i <= count; ++i)
      notice.paths.push_back(parts[at + i]);
    notice.type = parts[at + count + 1];
    notice.message = parts[at + count + 2];
    notices.push_back(std::move(notice));
    at += count + 3;
  }
  return notices;
}

/// "CONFLICT (contents)" says "contents".
std::string kind_of(const std::string& type) {
  const auto open = type.find('(');
  const auto close = type.find(')', open);
  if (open == std::string::npos || close == std::string::npos) return type;
  return type.substr(open + 1, close - open - 1);
}

std::string contents_of(
    const Repository& repository, const std::string& tree, const std::string& path
) {
  const GitOutput blob = repository.run({"cat-file", "blob", tree + ":" + path});
  return blob.exit_code == 0 ? blob.out : std::string();
}

/// Some conflicts are no file's, such as a directory that was renamed to two places.
void add_paths_of_notices(const std::vector<Notice>& notices, std::vector<std::string>& paths) {
  for (const Notice& notice : notices) {
    const bool known =
        std::any_of(notice.paths.begin(), notice.paths.end(), [&](const std::string& path) {
          return std::find(paths.begin(), paths.end(), path) != paths.end();
        });
    if (!known && notice.type.starts_with("CONFLICT")) paths.push_back(notice.paths.front());
  }
}

MergeConflict conflict_at(
    const Repository& repository,
    const std::string& tree,
    const std::string& path,
    const std::vector<Notice>& notices
) {
  MergeConflict conflict;
  conflict.path = printable_utf8(path);
  conflict.kind = "contents";
  for (const Notice& notice : notices) {
    if (std::find(notice.paths.begin(), notice.paths.end(), path) == notice.paths.end()) continue;
    if (!notice.type.starts_with("CONFLICT")) continue;
    conflict.kind = kind_of(notice.type);
    conflict.explanation = trimmed(printable_utf8(notice.message));
  }
  const std::string merged = contents_of(repository, tree, path);
  if (merged.find('\0') == std::string::npos)
    conflict.hunks = conflict_hunks(merged, conflict.truncated);
  return conflict;
}

}  // namespace

std::vector<ConflictHunk> conflict_hunks(const std::string& text, bool& cut) {
  enum class Side { none, base, branch };
  std::vector<ConflictHunk> hunks;
  ConflictHunk hunk;
  Side side = Side::none;
  std::istringstream lines(text);
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    // In a file with CRLF git's marks end so as well.
    const bool middle = line == "=======" || line == "=======\r";
    if (side == Side::none && line.starts_with("<<<<<<< ")) {
      cut = cut || hunks.size() == most_hunks;
      if (hunks.size() == most_hunks) break;
      hunk = {number, "", ""};
      side = Side::base;
    } else if (side == Side::base && middle) {
      side = Side::branch;
    } else if (side == Side::branch && line.starts_with(">>>>>>> ")) {
      hunk.base_side = shortened(hunk.base_side, cut);
      hunk.branch_side = shortened(hunk.branch_side, cut);
      hunks.push_back(std::move(hunk));
      side = Side::none;
    } else if (side != Side::none) {
      (side == Side::base ? hunk.base_side : hunk.branch_side) += line + "\n";
    }
  }
  return hunks;
}

MergedTree merge_trees(
    const Repository& repository, const std::string& base, const std::string& branch
) {
  const GitOutput said =
      repository.run({"merge-tree", "--write-tree", "-z", "--messages", base, branch});
  if (said.exit_code > 1) {
    const std::string why = trimmed(printable_utf8(said.err));
    if (why.find("unrelated histories") != std::string::npos)
      throw std::runtime_error("the branches have no commit in common, so they can't be merged");
    throw std::runtime_error("git merge-tree failed: " + why + "; it needs git 2.38 or later");
  }
  const auto parts = parts_of(said.out);
  MergedTree merged;
  if (parts.empty()) throw std::runtime_error("git merge-tree said nothing");
  merged.tree = parts.front();
  if (said.exit_code == 0) return merged;
  // "MODE OBJECT STAGE<tab>PATH" per side; an empty part ends the list.
  std::vector<std::string> paths;
  std::size_t at = 1;
  for (; at < parts.size() && !parts[at].empty(); ++at) {
    std::string path = parts[at].substr(parts[at].find('\t') + 1);
    if (paths.empty() || paths.back() != path) paths.push_back(std::move(path));
  }
  const auto notices = notices_in(parts, at + 1);
  add_paths_of_notices(notices, paths);
  if (paths.empty())
    throw std::runtime_error("git merge-tree found conflicts, and does not say where");
  merged.conflict_count = paths.size();
  std::size_t text = 0;
  for (const std::string& path : paths) {
    if (merged.conflicts.size() == most_conflicts) break;
    MergeConflict conflict = conflict_at(repository, merged.tree, path, notices);
    for (const ConflictHunk& hunk : conflict.hunks)
      text += hunk.base_side.size() + hunk.branch_side.size();
    if (text > most_text) {
      conflict.truncated = conflict.truncated || !conflict.hunks.empty();
      conflict.hunks.clear();
    }
    merged.truncated = merged.truncated || conflict.truncated;
    merged.conflicts.push_back(std::move(conflict));
  }
  merged.truncated = merged.truncated || merged.conflicts.size() < paths.size();
  return merged;
}

}  // namespace opsroom::git

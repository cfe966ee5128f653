#include "diff.hpp"

#include "changed_files.hpp"

#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

/// The commits to compare, as full ids: nothing in them can be taken for an option.
Words sides_of(const Repository& repository, const DiffArgs& args) {
  std::string from = repository.commit_id(args.from, "/from");
  Words sides;
  if (args.to) sides.push_back(repository.commit_id(*args.to, "/to"));
  if (args.merge_base) {
    const std::string other = args.to ? sides.front() : repository.commit_id("HEAD", "/to");
    const GitOutput base = repository.run({"merge-base", from, other});
    if (base.exit_code != 0)
      throw std::runtime_error(
          args.from + " and " + args.to.value_or("HEAD") +
          " have no commit in common; leave merge_base out"
      );
    from = trimmed(base.out);
  }
  sides.insert(sides.begin(), from);
  return sides;
}

void add_patch(
    const Repository& repository, const Words& sides, const DiffArgs& args, DiffResult& result
) {
  Words words = safe_diff({"--patch", "-M", "--unified=" + std::to_string(args.context)});
  words.insert(words.end(), sides.begin(), sides.end());
  const GitOutput output = repository.must(with_paths(words, args.paths));
  std::string_view patch = output.out;
  const auto most = static_cast<std::size_t>(args.max_bytes);
  result.truncated = output.cut || patch.size() > most;
  if (patch.size() > most) {
    const auto newline = patch.rfind('\n', most - 1);
    patch = patch.substr(0, newline == std::string_view::npos ? most : newline + 1);
    patch = patch.substr(0, whole_characters(patch));
  }
  result.patch = printable_utf8(patch);
}

std::string in_words(const DiffResult& result) {
  if (result.files.empty()) return "no difference";
  std::string text = std::to_string(result.files.size()) + " files, +" +
                     std::to_string(result.insertions) + " -" + std::to_string(result.deletions);
  for (const DiffFile& file : result.files) {
    text += "\n" + file.change + " " + (file.old_path ? *file.old_path + " -> " : "") + file.path;
    text += file.binary
                ? " (binary)"
                : " +" + std::to_string(file.insertions) + " -" + std::to_string(file.deletions);
  }
  if (!result.patch.empty()) text += "\n\n" + result.patch;
  if (result.truncated) text += "... cut; narrow it down with paths, or raise max_bytes";
  return text;
}

}  // namespace

tool::Outcome<DiffResult> diff(const DiffArgs& args, tool::Call& call) {
  check_paths(args.paths);
  Repository repository(call);
  repository.set("GIT_OPTIONAL_LOCKS", "0");
  const Words sides = sides_of(repository, args);
  DiffResult result = changed_files(repository, sides, args.paths);
  if (args.patch) add_patch(repository, sides, args, result);
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::git

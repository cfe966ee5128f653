#include "patch.hpp"

#include "patch_plan.hpp"

#include <fcntl.h>
#include <opsroom/text.hpp>
#include <unistd.h>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;

/// Deletes the directory if it is empty; that it is not, or is gone, is as good.
bool remove_directory(const Lane& lane, const fs::path& path) {
  try {
    const Place place = lane.place(path);
    return ::unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR) == 0;
  } catch (const FileError&) {
    return false;
  }
}

/// Puts back what was made; says where the old content is if that fails.
std::string take_back(std::vector<Change>& changes, std::size_t made) {
  std::string left;
  while (made-- > 0) {
    Change& change = changes[made];
    if (change.take_back()) continue;
    left += "; " + change.path().string() + " could not be put back";
    const std::string kept = change.keep_aside();
    if (!kept.empty()) left += ", its old content is in " + kept + " beside it";
  }
  return left.empty() ? "; nothing was changed" : left;
}

/// All of them, or none.
void make_all(std::vector<Change>& changes, const tool::Call& call) {
  for (Change& change : changes) {
    call.checkpoint();
    change.prepare();
  }
  std::size_t made = 0;
  try {
    for (; made < changes.size(); ++made)
      changes[made].make();
  } catch (const std::exception& error) {
    throw std::runtime_error(error.what() + take_back(changes, made));
  }
}

void write_out(const PatchPlan& plan, const Lane& lane, const tool::Call& call) {
  std::vector<fs::path> new_directories;
  try {
    auto changes = plan.changes(new_directories);
    make_all(changes, call);
  } catch (...) {
    for (auto path = new_directories.rbegin(); path != new_directories.rend(); ++path)
      remove_directory(lane, *path);
    throw;
  }
  // As git does: a directory whose last file went goes too.
  for (const fs::path& file : plan.removed())
    for (auto at = file.parent_path(); !at.empty() && remove_directory(lane, at);)
      at = at.parent_path();
}

std::string in_words(const PatchConflict& conflict) {
  std::string text = conflict.path;
  if (conflict.hunk)
    text += ", hunk " + std::to_string(*conflict.hunk) + " at line " +
            std::to_string(*conflict.file_line);
  text +=
      ": " + conflict.reason + " (line " + std::to_string(conflict.patch_line) + " of the patch)\n";
  for (const auto& line : conflict.expected)
    text += "  expected  " + line + "\n";
  for (const auto& line : conflict.found)
    text += "  found     " + line + "\n";
  return text;
}

std::string in_words(const PatchResult& result, bool check) {
  std::string text;
  if (!result.conflicts.empty()) {
    text = "the patch does not fit; nothing was changed\n";
    for (const PatchConflict& conflict : result.conflicts)
      text += in_words(conflict);
    return text + "make it again from the files as they are now";
  }
  text = check ? "the patch fits" : "the patch is applied";
  for (const PatchedFile& file : result.files) {
    text += "\n" + file.change + " " + (file.old_path ? *file.old_path + " -> " : "") + file.path +
            " +" + std::to_string(file.insertions) + " -" + std::to_string(file.deletions);
    if (file.moved_by > 0) text += " (moved by " + std::to_string(file.moved_by) + " lines)";
  }
  return text;
}

}  // namespace

tool::Outcome<PatchResult> patch_files(const PatchArgs& args, tool::Call& call) {
  const auto patches = read_patch(args.patch, args.strip);
  const Lane lane(call);
  PatchPlan plan(lane, call, static_cast<std::size_t>(args.fuzz));
  PatchResult result;
  for (const FilePatch& patch : patches)
    plan.add(patch, result);
  const bool fits = result.conflicts.empty();
  if (fits && !args.check) {
    write_out(plan, lane, call);
    result.applied = true;
  }
  std::string text = in_words(result, args.check);
  return {std::move(result), std::move(text), !fits};
}

}  // namespace opsroom::files

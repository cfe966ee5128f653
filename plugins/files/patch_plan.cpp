#include "patch_plan.hpp"

#include "apply_hunks.hpp"
#include "patch_names.hpp"

#include <algorithm>
#include <cerrno>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;
using Kind = FilePatch::Kind;

constexpr std::size_t most_bytes = std::size_t{64} << 20;

std::string in_words(Kind kind) {
  switch (kind) {
    case Kind::create:
      return "created";
    case Kind::remove:
      return "deleted";
    case Kind::rename:
      return "renamed";
    case Kind::copy:
      return "copied";
    case Kind::modify:
      break;
  }
  return "modified";
}

PatchedFile summary_of(const FilePatch& patch) {
  PatchedFile file;
  file.path = patch.new_path;
  if (patch.old_path != patch.new_path) file.old_path = patch.old_path;
  file.change = in_words(patch.kind);
  file.hunks = static_cast<std::int64_t>(patch.hunks.size());
  for (const Hunk& hunk : patch.hunks)
    for (const HunkLine& line : hunk.lines) {
      if (line.kind == '+') ++file.insertions;
      if (line.kind == '-') ++file.deletions;
    }
  return file;
}

PatchConflict whole_file(const FilePatch& patch, const std::string& path, std::string reason) {
  PatchConflict conflict;
  conflict.path = path;
  conflict.patch_line = static_cast<std::int64_t>(patch.line);
  conflict.reason = std::move(reason);
  return conflict;
}

PatchConflict conflict_of(const Misfit& misfit, const std::string& path) {
  return {
      path,
      static_cast<std::int64_t>(misfit.hunk),
      static_cast<std::int64_t>(misfit.patch_line),
      static_cast<std::int64_t>(misfit.file_line),
      misfit.reason,
      misfit.expected,
      misfit.found
  };
}

/// diff -N writes a new file as @@ -0,0, without saying so in the names.
bool may_be_new(const FilePatch& patch) {
  return patch.kind == Kind::modify && patch.hunks.size() == 1 &&
         patch.hunks.front().old_start == 0 && patch.hunks.front().old_count == 0;
}

mode_t with_executable(mode_t mode, const std::optional<bool>& executable) {
  if (!executable) return mode;
  return *executable ? mode | ((mode & 0444) >> 2) : mode & ~mode_t{0111};
}

}  // namespace

PatchPlan::Slot& PatchPlan::slot(const std::string& path, std::size_t line) {
  if (const auto known = slots_.find(path); known != slots_.end()) return known->second;
  fs::path checked;
  try {
    checked = checked_path(path);
  } catch (const tool::BadArguments& error) {
    bad_patch(line, error.what());
  }
  Slot made;
  try {
    const Place place = lane_.place(checked);
    if (existing(place)) {
      Content content = lane_.content(checked, most_bytes, /*follow=*/false);
      made.before = content.info;
      made.mode = content.info.st_mode & permissions;
      made.text_before = content.text;
      made.text = std::move(content.text);
    }
  } catch (const FileError& error) {
    // A directory that is still to be made.
    if (error.error() != ENOENT) throw;
  }
  return slots_.emplace(path, std::move(made)).first->second;
}

void PatchPlan::add(const FilePatch& patch, PatchResult& result) {
  call_.checkpoint();
  result.files.push_back(summary_of(patch));
  const auto refuse = [&](const std::string& path, std::string reason) {
    result.conflicts.push_back(whole_file(patch, path, std::move(reason)));
  };
  // Copied, since making the other slot may not leave a reference alone.
  const Slot source = slot(patch.old_path, patch.line);
  const bool moves = patch.kind == Kind::rename || patch.kind == Kind::copy;
  const bool creates = patch.kind == Kind::create || (!source.text && may_be_new(patch));
  if (creates) result.files.back().change = in_words(Kind::create);
  if (creates && source.text) return refuse(patch.new_path, "it exists already");
  if (!creates && !source.text) return refuse(patch.old_path, "there is no such file");
  if (moves && slot(patch.new_path, patch.line).text)
    return refuse(patch.new_path, "it exists already");

  Applied applied = apply_hunks(source.text.value_or(""), patch.hunks, fuzz_);
  result.files.back().moved_by = static_cast<std::int64_t>(applied.farthest);
  for (const Misfit& misfit : applied.misfits)
    result.conflicts.push_back(conflict_of(misfit, patch.old_path));
  if (!applied.misfits.empty()) return;
  if (patch.kind == Kind::remove && !applied.text.empty())
    return refuse(patch.old_path, "it holds more than the patch deletes");
  put(patch, source, std::move(applied.text));
}

void PatchPlan::put(const FilePatch& patch, const Slot& source, std::string text) {
  Slot& target = slot(patch.new_path, patch.line);
  if (patch.kind == Kind::remove) {
    target.text.reset();
    return;
  }
  if (patch.kind == Kind::rename) slot(patch.old_path, patch.line).text.reset();
  target.text = std::move(text);
  if (source.text)
    target.mode = with_executable(source.mode, patch.executable);
  else
    target.mode = patch.executable.value_or(false) ? 0777 : 0666;
}

std::vector<Change> PatchPlan::changes(std::vector<fs::path>& new_directories) const {
  std::vector<Change> made;
  for (const bool removing : {false, true})
    for (const auto& [path, slot] : slots_) {
      if (!slot.before && !slot.text) continue;
      if (slot.text.has_value() == removing) continue;
      if (slot.before && slot.text && *slot.text == slot.text_before &&
          slot.mode == (slot.before->st_mode & permissions))
        continue;
      if (!slot.before) create_directories_for(path, new_directories);
      made.emplace_back(lane_.place(path), slot.before, slot.text, slot.mode);
    }
  return made;
}

std::vector<fs::path> PatchPlan::removed() const {
  std::vector<fs::path> gone;
  for (const auto& [path, slot] : slots_)
    if (slot.before && !slot.text) gone.emplace_back(path);
  return gone;
}

void PatchPlan::create_directories_for(const fs::path& path, std::vector<fs::path>& made) const {
  std::vector<fs::path> missing;
  for (auto at = path.parent_path(); !at.empty(); at = at.parent_path()) {
    try {
      open_directory_beneath(lane_.root(), at);
      break;
    } catch (const FileError& error) {
      if (error.error() != ENOENT) throw;
      missing.push_back(at);
    }
  }
  lane_.place(path, /*create_dirs=*/true);
  made.insert(made.end(), missing.rbegin(), missing.rend());
}

}  // namespace opsroom::files

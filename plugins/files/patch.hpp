#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::files {

struct PatchArgs {
  std::string patch;
  std::optional<int> strip;
  int fuzz = 0;
  bool check = false;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("patch", &PatchArgs::patch, "A unified diff, as git diff and diff -u write it")
            .not_empty(),
        field(
            "strip",
            &PatchArgs::strip,
            "Directories to strip from names; else one when they begin with a/ and b/"
        )
            .at_least(0)
            .at_most(20),
        option("fuzz", &PatchArgs::fuzz, "Lines of context that may differ at each end of a hunk")
            .at_least(0)
            .at_most(3),
        option("check", &PatchArgs::check, "Only tells whether it fits, and changes nothing")
    );
  }
};

struct PatchedFile {
  std::string path;
  std::optional<std::string> old_path;
  std::string change;
  std::int64_t hunks = 0;
  std::int64_t insertions = 0;
  std::int64_t deletions = 0;
  std::int64_t moved_by = 0;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &PatchedFile::path, "From the working directory"),
        field("old_path", &PatchedFile::old_path, "Where it was renamed or copied from"),
        field("change", &PatchedFile::change, "modified, created, deleted, renamed or copied"),
        field("hunks", &PatchedFile::hunks, "How many there are"),
        field("insertions", &PatchedFile::insertions, "Lines added"),
        field("deletions", &PatchedFile::deletions, "Lines removed"),
        field("moved_by", &PatchedFile::moved_by, "Lines between a hunk's place and its number")
    );
  }
};

struct PatchConflict {
  std::string path;
  std::optional<std::int64_t> hunk;
  std::int64_t patch_line = 0;
  std::optional<std::int64_t> file_line;
  std::string reason;
  std::vector<std::string> expected;
  std::vector<std::string> found;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &PatchConflict::path, "The file it is about"),
        field("hunk", &PatchConflict::hunk, "Which of the file's hunks; null: the file as a whole"),
        field("patch_line", &PatchConflict::patch_line, "Where that stands in the patch"),
        field("file_line", &PatchConflict::file_line, "Where it should have fitted"),
        field("reason", &PatchConflict::reason, "In words"),
        field("expected", &PatchConflict::expected, "The lines the hunk wants to see"),
        field("found", &PatchConflict::found, "The lines that are there")
    );
  }
};

struct PatchResult {
  bool applied = false;
  std::vector<PatchedFile> files;
  std::vector<PatchConflict> conflicts;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("applied", &PatchResult::applied, "Whether the files are changed now"),
        field("files", &PatchResult::files, "What the patch does, in its order"),
        field("conflicts", &PatchResult::conflicts, "What does not fit; then nothing was changed")
    );
  }
};

/// Applies a unified diff to the checkout: all of it, or, when anything does not fit, nothing.
tool::Outcome<PatchResult> patch_files(const PatchArgs& args, tool::Call& call);

}  // namespace opsroom::files

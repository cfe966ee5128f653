#pragma once
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::git {

struct DiffArgs {
  std::string from = "HEAD";
  std::optional<std::string> to;
  bool merge_base = false;
  std::vector<std::string> paths;
  std::int64_t context = 3;
  bool patch = true;
  std::int64_t max_bytes = std::int64_t{256} << 10;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("from", &DiffArgs::from, "The old side: a branch, tag or commit").not_empty(),
        field("to", &DiffArgs::to, "The new side; left out: the checkout, without untracked files"),
        option(
            "merge_base",
            &DiffArgs::merge_base,
            "Starts where both sides parted: what `to` has done since then"
        ),
        option("paths", &DiffArgs::paths, "Only these files and directories; empty: everything"),
        option("context", &DiffArgs::context, "Lines around each change").at_least(0).at_most(1000),
        field("patch", &DiffArgs::patch, "Whether the patch itself is wanted, or its figures only"),
        field("max_bytes", &DiffArgs::max_bytes, "Cuts the patch behind so much")
            .at_least(1)
            .at_most(8 << 20)
    );
  }
};

struct DiffFile {
  std::string path;
  std::optional<std::string> old_path;
  std::string change;
  bool binary = false;
  std::int64_t insertions = 0;
  std::int64_t deletions = 0;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &DiffFile::path, "From the top of the checkout"),
        field("old_path", &DiffFile::old_path, "Where it was renamed or copied from"),
        field(
            "change",
            &DiffFile::change,
            "added, modified, deleted, renamed, copied, type_changed or unmerged"
        ),
        field("binary", &DiffFile::binary, "Whether it is no text, and so has no lines to count"),
        field("insertions", &DiffFile::insertions, "Lines added"),
        field("deletions", &DiffFile::deletions, "Lines removed")
    );
  }
};

struct DiffResult {
  std::vector<DiffFile> files;
  std::int64_t insertions = 0;
  std::int64_t deletions = 0;
  std::string patch;
  bool truncated = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("files", &DiffResult::files, "Every file that differs"),
        field("insertions", &DiffResult::insertions, "Of all files"),
        field("deletions", &DiffResult::deletions, "Of all files"),
        field("patch", &DiffResult::patch, "The unified diff; files.patch takes it"),
        field("truncated", &DiffResult::truncated, "Whether the patch was cut at max_bytes")
    );
  }
};

/// Compares two commits, or a commit and the checkout.
tool::Outcome<DiffResult> diff(const DiffArgs& args, tool::Call& call);

}  // namespace opsroom::git

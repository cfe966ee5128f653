#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::files {

struct ListArgs {
  std::string path;
  std::optional<std::string> glob;
  std::optional<std::int64_t> depth;
  std::vector<std::string> kinds;
  std::int64_t limit = 1000;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        option("path", &ListArgs::path, "The directory; left out: the working directory"),
        field(
            "glob",
            &ListArgs::glob,
            "Only paths like this, seen from the directory: *.cpp, src/**/*.h, doc?/[a-c]*"
        ),
        field("depth", &ListArgs::depth, "Levels to look into; else 1, and all with a glob")
            .at_least(1)
            .at_most(200),
        option("kinds", &ListArgs::kinds, "Only these of: file, directory, symlink, other"),
        field("limit", &ListArgs::limit, "At most so many entries").at_least(1).at_most(20'000)
    );
  }
};

struct ListEntry {
  std::string path;
  std::string kind;
  std::int64_t size = 0;
  std::string mode;
  std::string modified;
  std::optional<std::string> target;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &ListEntry::path, "From the working directory"),
        field("kind", &ListEntry::kind, "file, directory, symlink or other"),
        field("size", &ListEntry::size, "In bytes; 0 for what is no file"),
        field("mode", &ListEntry::mode, "Permissions in octal, such as 0644"),
        field("modified", &ListEntry::modified, "When it was changed last, in UTC"),
        field("target", &ListEntry::target, "What a symbolic link says")
    );
  }
};

struct ListResult {
  std::vector<ListEntry> entries;
  bool truncated = false;
  std::int64_t unreadable = 0;
  std::int64_t too_deep = 0;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("entries", &ListResult::entries, "In the order of their names"),
        field("truncated", &ListResult::truncated, "Whether there is more than this"),
        field("unreadable", &ListResult::unreadable, "Directories that could not be looked into"),
        field("too_deep", &ListResult::too_deep, "Directories more than 200 levels down, left out")
    );
  }
};

/// Lists a directory, or a tree of them.
tool::Outcome<ListResult> list_files(const ListArgs& args, tool::Call& call);

}  // namespace opsroom::files

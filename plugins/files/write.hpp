#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>

namespace opsroom::files {

struct WriteArgs {
  std::string path;
  std::string content;
  std::optional<std::string> mode;
  bool executable = false;
  bool create_dirs = false;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("path", &WriteArgs::path, "The file, relative to the working directory and inside it")
            .not_empty(),
        option("content", &WriteArgs::content, "The whole new content, as text"),
        field(
            "mode",
            &WriteArgs::mode,
            "Permissions in octal, such as 0644; else the file keeps its own"
        ),
        option("executable", &WriteArgs::executable, "Adds the permission to execute it"),
        option("create_dirs", &WriteArgs::create_dirs, "Creates missing directories of the path")
    );
  }
};

struct WriteResult {
  std::string path;
  std::int64_t bytes = 0;
  bool created = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &WriteResult::path, "As it was given"),
        field("bytes", &WriteResult::bytes, "Size of the content"),
        field("created", &WriteResult::created, "Whether the file is new")
    );
  }
};

/// Replaces or creates the file in one step: readers see the old content or the new, never a part.
WriteResult write_file(const WriteArgs& args, tool::Call& call);

}  // namespace opsroom::files

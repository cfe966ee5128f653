#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <string>
#include <vector>

namespace opsroom::files {

struct Edit {
  std::string old_text;
  std::string new_text;
  bool all = false;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("old", &Edit::old_text, "The exact text to replace, blanks and newlines included")
            .not_empty(),
        option("new", &Edit::new_text, "What stands there instead; empty: nothing"),
        option("all", &Edit::all, "Replaces every occurrence; else there must be exactly one")
    );
  }
};

struct EditArgs {
  std::string path;
  std::vector<Edit> edits;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &EditArgs::path, "The file, relative to the working directory and inside it")
            .not_empty(),
        field(
            "edits",
            &EditArgs::edits,
            "Done in this order, each on what the one before has made; all of them or none"
        )
            .not_empty()
    );
  }
};

struct EditResult {
  std::string path;
  std::int64_t replacements = 0;
  bool changed = false;
  std::int64_t bytes = 0;
  std::string diff;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &EditResult::path, "As it was given"),
        field("replacements", &EditResult::replacements, "How many places were replaced"),
        field("changed", &EditResult::changed, "Whether the file is another one now"),
        field("bytes", &EditResult::bytes, "Size of the file now"),
        field("diff", &EditResult::diff, "What changed, as a unified diff of at most 16 KiB")
    );
  }
};

/// Replaces exact texts in a file, in one step: when one of them does not fit, nothing changes.
tool::Outcome<EditResult> edit_file(const EditArgs& args, tool::Call& call);

}  // namespace opsroom::files

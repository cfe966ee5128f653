#include "edit.hpp"
#include "list.hpp"
#include "patch.hpp"
#include "read.hpp"
#include "search.hpp"
#include "write.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace tool = opsroom::tool;
using namespace opsroom::files;

constexpr tool::Hints looks(const char* title) {
  return {
      .title = title,
      .read_only = true,
      .destructive = false,
      .idempotent = true,
      .open_world = false
  };
}

constexpr tool::Hints changes(const char* title, bool idempotent) {
  return {
      .title = title,
      .read_only = false,
      .destructive = true,
      .idempotent = idempotent,
      .open_world = false
  };
}

void add_tools(tool::Registry& tools) {
  tools.add<ReadArgs>(
      "read",
      "Reads a text file inside the working directory, or a range of its lines; other files as "
      "base64.",
      read_file,
      looks("Read a file")
  );
  tools.add<WriteArgs>(
      "write",
      "Writes a text file inside the working directory, replacing what was there in one step.",
      write_file,
      changes("Write a file", true)
  );
  tools.add<EditArgs>(
      "edit",
      "Replaces exact texts in a file inside the working directory: all of the edits or none. "
      "Every old text must be there exactly once, unless all is set.",
      edit_file,
      changes("Edit a file", false)
  );
  tools.add<ListArgs>(
      "list",
      "Lists files and directories inside the working directory; .git is left out.",
      list_files,
      looks("List files")
  );
  tools.add<SearchArgs>(
      "search",
      "Looks for a text or a regular expression in the files inside the working directory; .git "
      "and binary files are left out.",
      search_files,
      looks("Search files")
  );
  tools.add<PatchArgs>(
      "patch",
      "Applies a unified diff to files inside the working directory: all of it, or nothing and a "
      "report of what does not fit.",
      patch_files,
      changes("Apply a patch", false)
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("files", "0.2.0", OPSROOM_CONCURRENT);

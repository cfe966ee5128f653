#include "write.hpp"

#include <opsroom/tool.hpp>

namespace {

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<opsroom::files::WriteArgs>(
      "write",
      "Writes a text file inside the working directory, replacing what was there in one step.",
      opsroom::files::write_file,
      {.title = "Write a file", .destructive = true, .idempotent = true, .open_world = false}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("files", "0.1.0", OPSROOM_CONCURRENT);

#include "text.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace templates = opsroom::plugins::templates;

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<templates::RenderArgs>(
      "render",
      "Fills a text template with data: {{ path.to.value }}, {{#if}}, {{#each}}, filters.",
      templates::render_text,
      {.title = "Fill a template",
       .read_only = true,
       .destructive = false,
       .idempotent = true,
       .open_world = false}
  );
  tools.add<templates::WriteArgs>(
      "write",
      "Fills a text template with data and writes it to a file of the working directory.",
      templates::write_text,
      {.title = "Fill a template into a file",
       .read_only = false,
       .destructive = true,
       .idempotent = true,
       .open_world = false}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("template", "0.1.0", OPSROOM_CONCURRENT);

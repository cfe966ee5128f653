// The tools of mcp_echo_server as a tool author writes them.
#include <opsroom/tool.hpp>

namespace {

namespace tool = opsroom::tool;

struct Text {
  std::string text;
  static constexpr auto fields() {
    return tool::fields(tool::field("text", &Text::text, "What to say"));
  }
};

struct Size {
  int size = 0;
  static constexpr auto fields() {
    return tool::fields(tool::field("size", &Size::size, "How many bytes"));
  }
};

void add_tools(tool::Registry& tools) {
  // True of both, and so the server may let several answers leave together.
  const tool::Hints harmless{.read_only = true, .open_world = false};
  const auto echo = [](const Text& args, tool::Call&) { return args.text; };
  tools.add<Text>("echo", "Says a text back.", echo, harmless);
  const auto big = [](const Size& args, tool::Call&) {
    return std::string(static_cast<std::size_t>(args.size), 'x');
  };
  tools.add<Size>("big", "Says a lot.", big, harmless);
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    tool::plugin<add_tools>("echo", "1.0.0", OPSROOM_CONCURRENT);

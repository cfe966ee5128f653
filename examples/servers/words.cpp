#include <algorithm>
#include <opsroom/tool.hpp>
#include <sstream>

/// Counts words: the same tool as words.py and words.mjs, as a plugin and as an MCP server.
namespace {

namespace tool = opsroom::tool;

struct CountArgs {
  std::string text;
  int at_least = 1;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("text", &CountArgs::text, "The text"),
        tool::field("at_least", &CountArgs::at_least, "Letters a word must have").at_least(1)
    );
  }
};

struct Count {
  int words = 0;
  std::string longest;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("words", &Count::words, "How many there are"),
        tool::field("longest", &Count::longest, "The first of the longest ones")
    );
  }
};

Count count(const CountArgs& args, tool::Call& call) {
  Count made;
  std::istringstream words(args.text);
  for (std::string word; words >> word;) {
    call.checkpoint();
    if (word.size() < static_cast<std::size_t>(args.at_least)) continue;
    ++made.words;
    if (word.size() > made.longest.size()) made.longest = word;
  }
  return made;
}

void add_tools(tool::Registry& tools) {
  tools.add<CountArgs>(
      "count",
      "Counts the words of a text.",
      count,
      {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("words", "1.0.0");

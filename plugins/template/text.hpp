#pragma once
#include <nlohmann/json.hpp>

#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>

namespace opsroom::plugins::templates {

struct RenderArgs {
  std::optional<std::string> text;
  std::optional<std::string> file;
  tool::json data = tool::json::object();
  std::string escape = "none";
  bool strict = true;
  std::int64_t max_bytes = std::int64_t{1} << 20;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("template", &RenderArgs::text, "The template itself"),
        tool::field("file", &RenderArgs::file, "Instead: a file of the working directory"),
        tool::option("data", &RenderArgs::data, "What its names stand for"),
        tool::field("escape", &RenderArgs::escape, "How values are written into the text")
            .one_of({"none", "html", "json", "shell"}),
        tool::field("strict", &RenderArgs::strict, "Fail on a name that the data lacks"),
        tool::field("max_bytes", &RenderArgs::max_bytes, "The longest text that may come out")
            .at_least(1)
            .at_most(8 << 20)
    );
  }
};

struct RenderResult {
  std::string text;
  std::int64_t bytes = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("text", &RenderResult::text, "The filled template"),
        tool::field("bytes", &RenderResult::bytes, "Its length")
    );
  }
};

struct WriteArgs {
  std::string path;
  bool create_dirs = false;
  std::optional<std::string> text;
  std::optional<std::string> file;
  tool::json data = tool::json::object();
  std::string escape = "none";
  bool strict = true;
  std::int64_t max_bytes = std::int64_t{8} << 20;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("path", &WriteArgs::path, "The file to write, in the working directory")
            .not_empty(),
        tool::option("create_dirs", &WriteArgs::create_dirs, "Make missing directories"),
        tool::field("template", &WriteArgs::text, "The template itself"),
        tool::field("file", &WriteArgs::file, "Instead: a file of the working directory"),
        tool::option("data", &WriteArgs::data, "What its names stand for"),
        tool::field("escape", &WriteArgs::escape, "How values are written into the text")
            .one_of({"none", "html", "json", "shell"}),
        tool::field("strict", &WriteArgs::strict, "Fail on a name that the data lacks"),
        tool::field("max_bytes", &WriteArgs::max_bytes, "The longest text that may come out")
            .at_least(1)
            .at_most(8 << 20)
    );
  }
};

struct WriteResult {
  std::string path;
  std::int64_t bytes = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("path", &WriteResult::path, "The file that was written"),
        tool::field("bytes", &WriteResult::bytes, "Its length")
    );
  }
};

tool::Outcome<RenderResult> render_text(const RenderArgs& args, tool::Call& call);
tool::Outcome<WriteResult> write_text(const WriteArgs& args, tool::Call& call);

}  // namespace opsroom::plugins::templates

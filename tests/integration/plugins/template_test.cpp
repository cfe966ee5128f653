#include "integration/sdk/mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Template : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }

  json result(const std::string& text, const json& data, json more = json::object()) {
    more["template"] = text;
    more["data"] = data;
    return server_.call("render", more);
  }
  std::string render(const std::string& text, const json& data, json more = json::object()) {
    const json made = result(text, data, std::move(more));
    if (made.contains("isError")) return "error: " + text_of(made);
    EXPECT_EQ(made["structuredContent"]["bytes"], text_of(made).size());
    EXPECT_EQ(made["structuredContent"]["text"], text_of(made));
    return text_of(made);
  }
  std::string error(const std::string& text, const json& data = json::object()) {
    const json made = result(text, data);
    EXPECT_EQ(made["isError"], true) << made;
    return text_of(made);
  }
  void put(const char* name, const std::string& text) {
    std::ofstream(directory_.path() / name) << text;
  }

  TempDir directory_;
  McpProcess server_{runner(plugin("template")), directory_.path()};
};

const json data{
    {"name", "Ada"},
    {"age", 36},
    {"share", 0.5},
    {"old", false},
    {"none", nullptr},
    {"odd name", "x"},
    {"tags", {"a", "b"}},
    {"empty", json::array()},
    {"user", {{"mail", "ada@example.org"}, {"name", "inner"}}},
    {"rows", {{{"n", 1}, {"of", {"p", "q"}}}, {{"n", 2}, {"of", {"r"}}}}}
};

}  // namespace

TEST_F(Template, NamesStandForValues) {
  EXPECT_EQ(render("plain { } text", data), "plain { } text");
  EXPECT_EQ(render("{{name}} {{ age }} {{share}} {{old}}", data), "Ada 36 0.5 false");
  EXPECT_EQ(render("{{ user.mail }} {{tags.1}} {{rows.0.of.1}}", data), "ada@example.org b q");
  EXPECT_EQ(render(R"({{ this["odd name"] }} {{ user["mail"] }})", data), "x ada@example.org");
  EXPECT_EQ(render("a {{! no }}b {{!-- {{name}} --}}c \\{{name}}", data), "a b c {{name}}");
}

TEST_F(Template, AMissingNameIsAnErrorWithItsPlace) {
  EXPECT_EQ(
      error("one\n  {{ user.nam }}", data),
      "template: line 2, column 6: there is no 'nam' in 'user', which has: mail, name; write "
      "user.nam? if it may be missing"
  );
  EXPECT_THAT(
      error("{{ nobody }}", {{"a", 1}}), HasSubstr("column 4: there is no 'nobody' in the")
  );
  EXPECT_THAT(error("{{ tags.9 }}", data), HasSubstr("'9' is no element of 'tags', a list of 2"));
  EXPECT_THAT(error("{{#if nobody}}x{{/if}}", data), HasSubstr("there is no 'nobody'"));
  EXPECT_EQ(render("[{{ nobody? }}{{ none? }}]{{#if user.x?}}y{{/if}}", data), "[]");
  EXPECT_EQ(render("[{{ nobody }}]", data, {{"strict", false}}), "[]");
  EXPECT_EQ(render("{{ nobody | default \"x\" }} {{ none | default 3 }}", data), "x 3");
}

TEST_F(Template, WhatIsNoTextIsNotPrinted) {
  EXPECT_THAT(error("{{ tags }}", data), HasSubstr("'tags' is a list; use {{#each}}"));
  EXPECT_THAT(error("{{ user }}", data), HasSubstr("'user' is an object"));
  EXPECT_THAT(error("{{ none }}", data), HasSubstr("'none' is null; give it a | default"));
}

TEST_F(Template, ConditionsChooseTheirText) {
  const std::string text = "{{#if age == 36}}A{{else if name == \"Bo\"}}B{{else}}C{{/if}}";
  EXPECT_EQ(render(text, data), "A");
  EXPECT_EQ(render(text, {{"age", 1}, {"name", "Bo"}}), "B");
  EXPECT_EQ(render(text, {{"age", 1}, {"name", "Cy"}}), "C");
  EXPECT_EQ(render("{{#unless old}}young{{else}}old{{/unless}}", data), "young");
  EXPECT_EQ(render("{{#if name != user.name}}differ{{/if}}", data), "differ");
  for (const char* nothing : {"none", "old", "empty", "zero", "blank"}) {
    json with = data;
    with["zero"] = 0;
    with["blank"] = "";
    EXPECT_EQ(render("{{#if " + std::string(nothing) + "}}yes{{else}}no{{/if}}", with), "no");
  }
}

TEST_F(Template, LoopsKnowWhereTheyAre) {
  EXPECT_EQ(
      render(
          "{{#each tags as t}}{{@number}}/{{@index}}:{{t}}{{this}}{{#unless @last}}, "
          "{{/unless}}{{/each}}",
          data
      ),
      "1/0:aa, 2/1:bb"
  );
  EXPECT_EQ(
      render(
          "{{#each rows as row}}{{#each of as o}}{{row.n}}{{o}}{{name}} {{/each}}{{/each}}", data
      ),
      "1pAda 1qAda 2rAda "
  );
  EXPECT_EQ(
      render("{{#each user}}{{@key}}={{this}};{{/each}}", data), "mail=ada@example.org;name=inner;"
  );
  EXPECT_EQ(render("{{#each empty}}x{{else}}none{{/each}}", data), "none");
  EXPECT_THAT(
      error("{{#each name}}x{{/each}}", data), HasSubstr("'name' is neither a list nor an object")
  );
  EXPECT_THAT(error("{{ @index }}", data), HasSubstr("'@index' is not known here"));
}

TEST_F(Template, ATagAloneOnItsLineTakesTheLineWithIt) {
  EXPECT_EQ(
      render(
          "list:\n  {{#each tags as t}}\n  - {{ t }}\n  {{else}}\n  none\n  {{/each}}\nend\n", data
      ),
      "list:\n  - a\n  - b\nend\n"
  );
  EXPECT_EQ(render("a {{#if name}}b{{/if}}\r\n{{! gone }}\r\nc", data), "a b\r\nc");
}

TEST_F(Template, EachEscapeModeKeepsAValueAValue) {
  const json nasty{{"v", "<a href='x'>\"&\n$(rm) it's"}, {"list", {"a b", "c"}}};
  EXPECT_EQ(
      render("{{v}}|{{{v}}}", {{"v", "<'\"&>"}}, {{"escape", "html"}}),
      "&lt;&#39;&quot;&amp;&gt;|<'\"&>"
  );
  const std::string text = render(
      R"({"v": {{v}}, "list": {{list}}, "none": {{none}}})",
      {{"v", nasty["v"]}, {"list", nasty["list"]}, {"none", nullptr}},
      {{"escape", "json"}}
  );
  EXPECT_EQ(
      json::parse(text), json({{"v", nasty["v"]}, {"list", nasty["list"]}, {"none", nullptr}})
  );
  EXPECT_EQ(
      render(
          "echo {{v}} {{list}}", {{"v", "it's $(x)"}, {"list", {"a b", "c"}}}, {{"escape", "shell"}}
      ),
      R"(echo 'it'\''s $(x)' 'a b' 'c')"
  );
  EXPECT_EQ(
      render("{{ v | shell }} {{ v | html }} {{ v | url }}", {{"v", "a'&b"}}),
      R"('a'\''&b' a&#39;&amp;b a%27%26b)"
  );
  EXPECT_EQ(render("{{ v | raw }}", {{"v", "<"}}, {{"escape", "html"}}), "<");
}

TEST_F(Template, FiltersFollowEachOther) {
  EXPECT_EQ(render("{{ v | trim | upper }}", {{"v", " ab\n"}}), "AB");
  EXPECT_EQ(
      render("{{ tags | join \" | \" | upper }} {{ tags | length }} {{ tags | json }}", data),
      "A | B 2 [\"a\",\"b\"]"
  );
  EXPECT_EQ(render("{{ v | length }}", {{"v", "\u00e4\u00f6"}}), "2");
  EXPECT_THAT(
      error("{{ name | shout }}", data),
      HasSubstr("no filter is called 'shout'; there are default, html")
  );
  EXPECT_THAT(error("{{ name | join }}", data), HasSubstr("| join: the value is no list"));
}

TEST_F(Template, WhatCannotBeReadIsNamedWithItsPlace) {
  EXPECT_THAT(error("a\n{{ name"), HasSubstr("line 2, column 1: the tag is not closed by }}"));
  EXPECT_THAT(
      error("{{#if name}}x"), HasSubstr("line 1, column 1: {{#if name}} is not closed by {{/if}}")
  );
  EXPECT_THAT(
      error("{{#if name}}x{{/each}}"), HasSubstr("{{/each}} stands where {{/if}} must close")
  );
  EXPECT_THAT(
      error("{{#unless name}}x{{/if}}"), HasSubstr("{{/if}} stands where {{/unless}} must close")
  );
  EXPECT_THAT(error("x{{/if}}"), HasSubstr("column 2: '{{/if}}' closes nothing"));
  EXPECT_THAT(error("{{else}}"), HasSubstr("closes nothing"));
  EXPECT_THAT(error("{{#while x}}"), HasSubstr("is no block; there are #if, #unless and #each"));
  EXPECT_THAT(error("{{ }}"), HasSubstr("a name must stand here"));
  EXPECT_THAT(error("{{ a b }}"), HasSubstr("can't read 'b ' here"));
  EXPECT_THAT(error("{{ a == 1 }}"), HasSubstr("a comparison belongs into {{#if}}"));
  EXPECT_THAT(error("{{ \"open }}"), HasSubstr("not closed"));
  std::string deep;
  for (int i = 0; i < 200; ++i)
    deep += "{{#if a}}";
  EXPECT_THAT(error(deep), HasSubstr("nested more than 64 deep"));
}

TEST_F(Template, ItsSizeAndWorkAreLimited) {
  EXPECT_EQ(render("12345", {}, {{"max_bytes", 5}}), "12345");
  EXPECT_THAT(render("123456", {}, {{"max_bytes", 5}}), HasSubstr("the text grows beyond 5 bytes"));
  std::string text = "{{v}}";
  for (int i = 0; i < 8; ++i)
    text = "{{#each l}}" + text + "{{/each}}";
  EXPECT_THAT(
      render(text, {{"l", std::vector<int>(8, 0)}, {"v", ""}}), HasSubstr("takes too much work")
  );
}

TEST_F(Template, ItIsWrittenIntoTheLaneOnly) {
  put("in.tmpl", "port={{ port }}\n");
  const json made = server_.call(
      "write",
      {{"file", "in.tmpl"}, {"path", "a/b.conf"}, {"create_dirs", true}, {"data", {{"port", 80}}}}
  );
  ASSERT_FALSE(made.contains("isError")) << made;
  EXPECT_EQ(made["structuredContent"], json({{"path", "a/b.conf"}, {"bytes", 8}}));
  EXPECT_EQ(contents(directory_.path() / "a/b.conf"), "port=80\n");

  fs::create_symlink("/tmp", directory_.path() / "out");
  const auto complaint = [&](const std::string& path) {
    return text_of(server_.call("write", {{"template", "x"}, {"path", path}}));
  };
  EXPECT_THAT(complaint("../x"), HasSubstr("leads out of the working directory"));
  EXPECT_THAT(complaint("out/x"), HasSubstr("leads out of the working directory"));
  EXPECT_THAT(complaint("/tmp/x"), HasSubstr("/path: must be relative"));
  EXPECT_THAT(complaint("a"), HasSubstr("Is a directory"));
}

TEST_F(Template, ItStaysOutOfGit) {
  fs::create_directories(directory_.path() / ".git/hooks");
  fs::create_directory_symlink(".git/hooks", directory_.path() / "hooks");
  const auto write = [&](const std::string& path) {
    return text_of(server_.call("write", {{"template", "x"}, {"path", path}, {"create_dirs", true}})
    );
  };
  for (const char* path : {".git/config", "a/../.GIT/hooks/pre-commit", "sub/.git/new/config"})
    EXPECT_THAT(write(path), HasSubstr("must not lead into .git")) << path;
  EXPECT_THAT(write("hooks/pre-commit"), HasSubstr("it leads into .git"));
  EXPECT_TRUE(fs::is_empty(directory_.path() / ".git/hooks"));
  EXPECT_FALSE(fs::exists(directory_.path() / "sub"));
  put(".git/config", "[remote]");
  EXPECT_THAT(
      text_of(server_.call("render", {{"file", ".git/config"}})),
      HasSubstr("/file: must not lead into .git")
  );
}

TEST_F(Template, AFailureLeavesTheOldFile) {
  put("kept", "old");
  server_.call("write", {{"template", "new {{ nobody }}"}, {"path", "kept"}});
  EXPECT_EQ(contents(directory_.path() / "kept"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(Template, ItReadsFilesOfTheLaneOnly) {
  fs::create_symlink("/etc/passwd", directory_.path() / "link");
  const auto complaint = [&](const json& arguments) {
    return text_of(server_.call("render", arguments));
  };
  EXPECT_THAT(complaint({{"file", "link"}}), HasSubstr("can't read link"));
  EXPECT_THAT(complaint({{"file", "../x"}}), HasSubstr("leads out of the working directory"));
  EXPECT_THAT(complaint({{"file", "x"}, {"template", "y"}}), HasSubstr("give either"));
  put("wrong", "\n{{ x");
  EXPECT_THAT(complaint({{"file", "wrong"}}), HasSubstr("wrong: line 2, column 1"));
}

}  // namespace opsroom::test

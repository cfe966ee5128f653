#include "base/failure.hpp"
#include "tools/config_import.hpp"
#include "tools/foreign_variables.hpp"
#include "tools/secret_guess.hpp"

#include <gmock/gmock.h>

namespace opsroom::tools {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<ForeignServer> read(std::string_view text) {
  return read_foreign(text, "/home/me/mcp.json", "/home/me/project");
}

TEST(Import, ReadsCommentsAndTrailingCommas) {
  const auto servers = read(R"({ // one
    "mcpServers": { /* two */ "a": {"command": "x", "args": ["http://y", ],}, },
  })");
  ASSERT_EQ(servers.size(), 1u);
  EXPECT_EQ(servers[0].entry["args"][0], "http://y");
}

TEST(Import, NamesThePlaceOfWhatIsNoJson) {
  try {
    read("{\n  \"a\": }");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.message(), HasSubstr("line 2"));
  }
}

TEST(Import, TakesServersOfEveryProgramsFile) {
  EXPECT_EQ(read(R"({"servers": {"a": {"type": "stdio", "command": "x"}}})").size(), 1u);
  EXPECT_EQ(read(R"({"mcp": {"servers": {"a": {"command": "x"}}}})").size(), 1u);
  const auto claude = read(R"({
    "mcpServers": {"a": {"command": "general"}, "b": {"command": "x"}},
    "projects": {"/home/me/project": {"mcpServers": {"a": {"command": "special"}}},
                 "/other": {"mcpServers": {"c": {"command": "x"}}}}
  })");
  ASSERT_EQ(claude.size(), 2u);
  EXPECT_EQ(claude[1].entry["command"], "special");
}

TEST(Import, LeavesOutWhatCannotBeUsed) {
  EXPECT_THAT(read(R"({"servers": {"a": {"url": "https://x"}}})")[0].refusal, HasSubstr("HTTP"));
  EXPECT_THAT(
      read(R"({"servers": {"a": {"type": "sse", "command": "x"}}})")[0].refusal, HasSubstr("HTTP")
  );
  EXPECT_THAT(read(R"({"mcpServers": {"a": {"args": "x"}}})")[0].refusal, HasSubstr("command"));
  EXPECT_THAT(read(R"({"mcpServers": {"a": 7}})")[0].refusal, HasSubstr("no object"));
}

TEST(Import, ServersWhoseNamesBecomeTheSameAreBothTaken) {
  const auto servers = read(R"({"mcpServers": {
    "My Server": {"command": "x"}, "my-server": {"command": "y"}, "my.server": {"command": "z"}}})"
  );
  ASSERT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers[0].name, "my-server");
  EXPECT_EQ(servers[1].name, "my-server-2");
  EXPECT_EQ(servers[1].entry["command"], "y");
  EXPECT_THAT(servers[1].notes, Contains(HasSubstr("another server is 'my-server' already")));
  EXPECT_EQ(servers[2].name, "my-server-3");
}

TEST(Import, TakesWhatEditorsTake) {
  const auto servers = read(R"({"servers": {
    "a": {"command": "x", "args": null, "env": null, "cwd": null},
    "b": {"command": "x", "args": ["--port", 3000, true], "env": {"PORT": 3000, "NONE": null}},
    "c": {"command": ""}, "d": {"command": "x", "args": [null]}}})");
  EXPECT_EQ(servers[0].refusal, "");
  EXPECT_FALSE(servers[0].entry.contains("cwd"));
  EXPECT_EQ(command_line(servers[1].entry), "x --port 3000 true");
  EXPECT_EQ(servers[1].entry["env"]["PORT"], "3000");
  EXPECT_THAT(servers[2].refusal, HasSubstr("empty"));
  EXPECT_THAT(servers[3].refusal, HasSubstr("texts"));
}

TEST(Import, MakesNamesThatSourcesMayHave) {
  const auto servers = read(R"({"mcpServers": {"Sequential Thinking.v2": {"command": "x"}}})");
  EXPECT_EQ(servers[0].name, "sequential-thinking-v2");
  EXPECT_THAT(servers[0].notes, Contains(HasSubstr("becomes")));
}

TEST(Import, SaysWhatLooksLikeASecretAndWhatIsLeftOut) {
  const auto servers = read(R"({"mcpServers": {"a": {"command": "x",
    "args": ["--dsn=postgresql://me:pw123@host/db"], "env": {"GITHUB_TOKEN": "ghp_123456789"},
    "alwaysAllow": ["y"]}}})");
  EXPECT_THAT(
      servers[0].notes,
      ElementsAre(HasSubstr("argument"), HasSubstr("GITHUB_TOKEN"), HasSubstr("alwaysAllow"))
  );
  EXPECT_EQ(servers[0].entry["env"]["GITHUB_TOKEN"], "ghp_123456789");
}

TEST(Import, ShowsTheWholeCommandAsOneWouldTypeIt) {
  nlohmann::ordered_json entry{{"command", "sh"}, {"args", {"-c", "echo 'a'\x1b[2K", ""}}};
  EXPECT_EQ(command_line(entry), "sh -c 'echo '\\''a'\\''\\u{1b}[2K' ''");
}

std::string translated(std::string_view text) {
  return translate_variables(text).text;
}

TEST(ForeignVariables, BecomeOurs) {
  EXPECT_EQ(translated("a ${TOKEN} b"), "a ${env:TOKEN} b");
  EXPECT_EQ(translated("${env:TOKEN}"), "${env:TOKEN}");
  EXPECT_EQ(translated("${userHome}${/}x"), "${env:HOME}/x");
  EXPECT_EQ(translated("${workspaceFolder}/x"), "./x");
  EXPECT_EQ(translated("${input:api-key}"), "${env:API_KEY}");
  EXPECT_EQ(translated("${NAME:-fallback}"), "${env:NAME}");
  EXPECT_EQ(translated("${command:pick}"), "${command:pick}");
  EXPECT_EQ(translated("${open"), "${open");
  EXPECT_EQ(translated("$HOME {x}"), "$HOME {x}");
  EXPECT_THAT(translate_variables("${input:api-key}").notes, ElementsAre(HasSubstr("API_KEY")));
  EXPECT_THAT(translate_variables("${TOKEN}").notes, IsEmpty());
}

TEST(SecretGuess, KnowsTheUsualOnes) {
  EXPECT_TRUE(looks_like_a_secret("API_KEY", "abcdefgh"));
  EXPECT_TRUE(looks_like_a_secret("X", "ghp_abcdefgh"));
  EXPECT_TRUE(looks_like_a_secret("DATABASE_URL", "postgresql://me:pw@host/db"));
  EXPECT_FALSE(looks_like_a_secret("API_KEY", "${env:API_KEY}"));
  EXPECT_FALSE(looks_like_a_secret("DATABASE_URL", "postgresql://host:5432/db"));
  EXPECT_FALSE(looks_like_a_secret("LOG_LEVEL", "debugging"));
}

}  // namespace
}  // namespace opsroom::tools

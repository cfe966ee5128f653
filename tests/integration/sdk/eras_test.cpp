#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::test {
namespace {

constexpr const char* log_level = "io.modelcontextprotocol/logLevel";
constexpr const char* capabilities = "io.modelcontextprotocol/clientCapabilities";

McpProcess fixture_server() {
  return McpProcess(runner(fixture("fixture")));
}

class LegacyVersion : public testing::TestWithParam<const char*> {};

}  // namespace

TEST_P(LegacyVersion, IsServedFromInitializeToAnAnswer) {
  auto server = fixture_server();
  const json opened = server.open_legacy(GetParam())["result"];
  EXPECT_EQ(opened["protocolVersion"], GetParam());
  EXPECT_EQ(opened["serverInfo"]["name"], "fixture");
  EXPECT_TRUE(opened["capabilities"].contains("tools"));
  EXPECT_EQ(server.legacy("ping")["result"], json::object());
  const json listed = server.legacy("tools/list")["result"];
  EXPECT_EQ(listed["tools"][0]["name"], "echo");
  EXPECT_FALSE(listed.contains("resultType"));
  const json result = server.call("echo", {{"text", "hi"}, {"times", 2}});
  EXPECT_EQ(result, (json{{"content", {{{"type", "text"}, {"text", "hihi"}}}}}));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    LegacyVersion,
    testing::Values("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"),
    [](const auto& each) {
      std::string name = each.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    }
);

TEST(Modern, IsServedWithoutAnOpening) {
  auto server = fixture_server();
  const json result =
      server.modern("tools/call", {{"name", "echo"}, {"arguments", {{"text", "x"}}}});
  EXPECT_EQ(result["result"]["resultType"], "complete");
  EXPECT_EQ(result["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "fixture");
  EXPECT_EQ(text_of(result["result"]), "x");
}

TEST(Modern, DiscoverSaysWhatTheSchemaAsksFor) {
  auto server = fixture_server();
  const json found = server.modern("server/discover")["result"];
  EXPECT_EQ(found["supportedVersions"], json::array({"2026-07-28"}));
  EXPECT_EQ(found["resultType"], "complete");
  EXPECT_TRUE(found["ttlMs"].is_number_integer());
  EXPECT_EQ(found["cacheScope"], "public");
}

TEST(Modern, ListsToolsWithCacheHints) {
  auto server = fixture_server();
  const json listed = server.modern("tools/list")["result"];
  EXPECT_TRUE(listed.contains("ttlMs"));
  EXPECT_EQ(listed["cacheScope"], "public");
}

TEST(Modern, AnUnknownVersionIsRefusedByItsCode) {
  auto server = fixture_server();
  const json error = server.legacy(
      "tools/list",
      {{"_meta",
        {{"io.modelcontextprotocol/protocolVersion", "2099-01-01"}, {capabilities, json::object()}}}
      }
  )["error"];
  EXPECT_EQ(error["code"], -32022);
  EXPECT_EQ(error["data"]["requested"], "2099-01-01");
}

TEST(Modern, HasNoPingAndNoSetLevel) {
  auto server = fixture_server();
  EXPECT_EQ(server.modern("ping")["error"]["code"], -32601);
  EXPECT_EQ(server.modern("logging/setLevel", {{"level", "debug"}})["error"]["code"], -32601);
}

TEST(Eras, AreMixedFreelyOnOneServer) {
  auto server = fixture_server();
  server.open_legacy();
  EXPECT_TRUE(server.modern("tools/list")["result"].contains("resultType"));
  EXPECT_FALSE(server.legacy("tools/list")["result"].contains("resultType"));
}

TEST(Eras, ARequestOfNeitherIsRefused) {
  auto server = fixture_server();
  EXPECT_EQ(server.legacy("tools/list")["error"]["code"], -32602);
}

TEST(Logging, LegacySendsFromInfoUntilTold) {
  auto server = fixture_server();
  server.open_legacy();
  server.call("levels");
  EXPECT_EQ(server.logged("levels"), "i\nw\ne\n");
  EXPECT_EQ(server.legacy("logging/setLevel", {{"level", "error"}})["result"], json::object());
  server.call("levels");
  EXPECT_EQ(server.logged("levels"), "i\nw\ne\ne\n");
  EXPECT_EQ(server.legacy("logging/setLevel", {{"level", "loud"}})["error"]["code"], -32602);
}

TEST(Logging, ModernSendsOnlyWhatTheRequestAskedFor) {
  auto server = fixture_server();
  server.modern("tools/call", {{"name", "levels"}});
  EXPECT_EQ(server.logged("levels"), "");
  server.modern("tools/call", {{"name", "levels"}}, {{log_level, "warning"}});
  EXPECT_EQ(server.logged("levels"), "w\ne\n");
}

TEST(Progress, IsSentOnlyWithAToken) {
  auto server = fixture_server();
  server.open_legacy();
  server.call("echo", {{"text", "x"}});
  EXPECT_TRUE(server.seen("notifications/progress").empty());
  server.call("echo", {{"text", "x"}}, {{"progressToken", "t1"}});
  ASSERT_EQ(server.seen("notifications/progress").size(), 1u);
  EXPECT_EQ(
      server.seen("notifications/progress")[0],
      (json{{"progressToken", "t1"}, {"progress", 1.0}, {"total", 1.0}, {"message", "said"}})
  );
}

TEST(Input, AQuestionEndsTheCallAndItsAnswerStartsItAgain) {
  auto server = fixture_server();
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  const json asked = server.modern("tools/call", {{"name", "ship"}}, can)["result"];
  ASSERT_EQ(asked["resultType"], "input_required");
  const json form = asked["inputRequests"]["ship"];
  EXPECT_EQ(form["method"], "elicitation/create");
  EXPECT_EQ(form["params"]["message"], "Push build 1?");
  EXPECT_EQ(form["params"]["requestedSchema"]["required"], json::array({"approved"}));

  const json answered = server.modern(
      "tools/call",
      {{"name", "ship"},
       {"requestState", asked["requestState"]},
       {"inputResponses", {{"ship", {{"action", "accept"}, {"content", {{"approved", true}}}}}}}},
      can
  )["result"];
  EXPECT_EQ(answered["resultType"], "complete");
  // once(): the build of the first entry, not a second one.
  EXPECT_EQ(answered["structuredContent"], (json{{"approved", true}, {"built", 1}}));
}

TEST(Input, ANoIsTheToolsFailure) {
  auto server = fixture_server();
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  const json asked = server.modern("tools/call", {{"name", "ship"}}, can)["result"];
  const json answered = server.modern(
      "tools/call",
      {{"name", "ship"},
       {"requestState", asked["requestState"]},
       {"inputResponses", {{"ship", {{"action", "decline"}}}}}},
      can
  )["result"];
  EXPECT_EQ(answered["isError"], true);
  EXPECT_EQ(text_of(answered), "declined: Push build 1?");
}

TEST(Input, AStateFromElsewhereIsRefused) {
  auto server = fixture_server();
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  const json asked = server.modern("tools/call", {{"name", "ship"}}, can)["result"];
  std::string forged = asked["requestState"];
  forged.replace(forged.find("\"built\":1"), 9, "\"built\":7");
  const json refused =
      server.modern("tools/call", {{"name", "ship"}, {"requestState", forged}}, can)["error"];
  EXPECT_EQ(refused["code"], -32602);
  // Nor does one of this tool open another tool, or come in through the host's own context.
  const json other = server.modern(
      "tools/call", {{"name", "where"}, {"requestState", asked["requestState"]}}, can
  )["error"];
  EXPECT_EQ(other["code"], -32602);
  const json smuggled = server.modern(
      "tools/call", {{"name", "where"}}, {{"io.opsroom/call", {{"requestState", "forged"}}}}
  )["result"];
  EXPECT_EQ(text_of(smuggled).find("forged"), std::string::npos);
}

TEST(Input, IsNotAskedOfAClientThatCannot) {
  auto server = fixture_server();
  const json error = server.modern("tools/call", {{"name", "ship"}})["error"];
  EXPECT_EQ(error["code"], -32021);
  EXPECT_TRUE(error["data"]["requiredCapabilities"].contains("elicitation"));
  server.open_legacy();
  EXPECT_THAT(
      text_of(server.call("ship")), testing::HasSubstr("the client does not declare elicitation")
  );
}

}  // namespace opsroom::test

// Servers whose lists change while they run.
#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

constexpr auto subscription_id = "io.modelcontextprotocol/subscriptionId";

std::vector<std::string> changing() {
  return {std::string(OPSROOM_FIXTURE_DIR) + "/changing-mcp"};
}

json tool(const std::string& name) {
  return {{"name", name}, {"inputSchema", {{"type", "object"}}}};
}

json lesson(const std::string& list, const json& item) {
  return {{"list", list}, {"item", item}};
}

json learning(const std::string& list, const json& item) {
  return {{"name", "learn"}, {"arguments", lesson(list, item)}};
}

}  // namespace

TEST(ChangingLists, AreTheirServersCapability) {
  McpProcess server(changing());
  const json discovered = server.modern("server/discover")["result"];
  const json can = discovered["capabilities"];
  EXPECT_EQ(discovered["ttlMs"], 0);
  EXPECT_EQ(can["tools"], (json{{"listChanged", true}}));
  EXPECT_EQ(can["prompts"], (json{{"listChanged", true}}));
  EXPECT_EQ(can["resources"], (json{{"listChanged", true}, {"subscribe", true}}));
  EXPECT_EQ(server.open_legacy()["result"]["capabilities"], can);
}

TEST(ChangingLists, AreToldToALegacyClient) {
  McpProcess server(changing());
  server.open_legacy();
  EXPECT_EQ(server.answer(server.start("later"))["error"]["code"], -32602);
  EXPECT_EQ(text_of(server.call("learn", lesson("tools", tool("later")))), "learned");
  // Before the answer of the call that brought it about.
  EXPECT_EQ(server.seen("notifications/tools/list_changed").size(), 1u);
  EXPECT_EQ(text_of(server.call("later")), "I am later");
  const json tools = server.legacy("tools/list")["result"]["tools"];
  ASSERT_EQ(tools.size(), 2u);
  EXPECT_EQ(tools[1]["name"], "later");
  server.call("learn", lesson("prompts", {{"name", "words"}}));
  EXPECT_EQ(server.seen("notifications/prompts/list_changed").size(), 1u);
  server.call("learn", lesson("resources", {{"uri", "note:///1"}, {"name", "1"}}));
  EXPECT_EQ(server.seen("notifications/resources/list_changed").size(), 1u);
  EXPECT_EQ(server.seen("notifications/tools/list_changed").size(), 1u);
}

TEST(ChangingLists, AreNotToldBeforeTheClientIsReady) {
  McpProcess server(changing());
  server.legacy(
      "initialize",
      {{"protocolVersion", "2025-11-25"},
       {"capabilities", json::object()},
       {"clientInfo", {{"name", "t"}, {"version", "1"}}}}
  );
  server.call("learn", lesson("tools", tool("later")));
  EXPECT_TRUE(server.seen("notifications/tools/list_changed").empty());
}

TEST(ChangingLists, AreToldOnTheStreamsThatAskedForThem) {
  McpProcess server(changing());
  const json meta{
      {"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
      {"io.modelcontextprotocol/clientCapabilities", json::object()}
  };
  const auto listen = [&](const char* id, const json& filter) {
    server.send(
        {{"jsonrpc", "2.0"},
         {"id", id},
         {"method", "subscriptions/listen"},
         {"params", {{"_meta", meta}, {"notifications", filter}}}}
    );
    return server.next()["params"]["notifications"];
  };
  const json tools{{"toolsListChanged", true}};
  EXPECT_EQ(listen("tools", tools), tools);
  const json prompts{{"promptsListChanged", true}, {"toolsListChanged", false}};
  EXPECT_EQ(listen("prompts", prompts), (json{{"promptsListChanged", true}}));
  server.modern("tools/call", learning("tools", tool("later")));
  const auto told = server.seen("notifications/tools/list_changed");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["_meta"][subscription_id], "tools");
  EXPECT_EQ(server.modern("tools/list")["result"]["tools"].size(), 2u);
  server.modern("tools/call", learning("prompts", {{"name", "words"}}));
  const auto of_prompts = server.seen("notifications/prompts/list_changed");
  ASSERT_EQ(of_prompts.size(), 1u);
  EXPECT_EQ(of_prompts[0]["_meta"][subscription_id], "prompts");
}

TEST(ChangingLists, StayAsTheyWereWhenTheNewOneIsWrong) {
  McpProcess server(changing());
  server.open_legacy();
  const json result = server.call("learn", lesson("tools", tool("no good name")));
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("tool name 'no good name'"));
  EXPECT_TRUE(server.seen("notifications/tools/list_changed").empty());
  EXPECT_EQ(server.legacy("tools/list")["result"]["tools"].size(), 1u);
}

TEST(ChangingLists, ThatGoAwayAreEmpty) {
  McpProcess server(changing());
  server.open_legacy();
  server.call("learn", lesson("prompts", {{"name", "words"}}));
  server.call("learn", {{"drop", "prompts"}});
  EXPECT_EQ(server.seen("notifications/prompts/list_changed").size(), 2u);
  EXPECT_EQ(server.legacy("prompts/list")["result"]["prompts"], json::array());
}

TEST(ChangingLists, AreNotPromisedByAServerThatHasNone) {
  McpProcess server(runner(fixture("fixture")));
  const json discovered = server.modern("server/discover")["result"];
  EXPECT_EQ(discovered["capabilities"]["tools"], json::object());
  EXPECT_GT(discovered["ttlMs"], 0);
}

}  // namespace opsroom::test

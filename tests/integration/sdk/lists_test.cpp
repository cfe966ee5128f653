#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

constexpr const char* subscription_id = "io.modelcontextprotocol/subscriptionId";

std::vector<std::string> rich() {
  return runner(fixture("conformance_fixture"));
}

std::vector<std::string> names_of(const json& tools) {
  std::vector<std::string> names;
  for (const json& tool : tools)
    names.push_back(tool["name"]);
  return names;
}

class Offers : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }
  McpProcess server_{rich()};
};

}  // namespace

TEST(Pages, GiveEverythingOnceAndInOrder) {
  McpProcess whole(rich());
  whole.open_legacy();
  const auto all = names_of(whole.legacy("tools/list")["result"]["tools"]);
  ::setenv("OPSROOM_PAGE_SIZE", "7", 1);
  McpProcess server(rich());
  ::unsetenv("OPSROOM_PAGE_SIZE");
  server.open_legacy();
  std::vector<std::string> found;
  json params = json::object();
  while (true) {
    const json page = server.legacy("tools/list", params)["result"];
    EXPECT_LE(page["tools"].size(), 7u);
    for (const auto& name : names_of(page["tools"]))
      found.push_back(name);
    if (!page.contains("nextCursor")) break;
    params["cursor"] = page["nextCursor"];
  }
  EXPECT_EQ(found, all);
  EXPECT_GT(all.size(), 21u);
}

TEST(Pages, ACursorThatWasNotHandedOutIsRefused) {
  ::setenv("OPSROOM_PAGE_SIZE", "3", 1);
  McpProcess server(rich());
  ::unsetenv("OPSROOM_PAGE_SIZE");
  server.open_legacy();
  const std::string good = server.legacy("tools/list")["result"]["nextCursor"];
  for (const json& bad :
       {json(""), json("x"), json(7), json("4" + good.substr(1)), json(good + "0")})
    EXPECT_EQ(server.legacy("tools/list", {{"cursor", bad}})["error"]["code"], -32602) << bad;
  // A cursor of one list is none of another one.
  EXPECT_EQ(server.legacy("resources/list", {{"cursor", good}})["error"]["code"], -32602);
}

TEST(Pages, ASizeThatIsNoNumberKeepsTheServerFromStarting) {
  ::setenv("OPSROOM_PAGE_SIZE", "many", 1);
  McpProcess server(rich());
  ::unsetenv("OPSROOM_PAGE_SIZE");
  EXPECT_NE(server.wait(), 0);
  EXPECT_THAT(server.errors(), HasSubstr("OPSROOM_PAGE_SIZE must be a whole number"));
}

TEST_F(Offers, AreDeclaredAsTheyAre) {
  const json can = server_.modern("server/discover")["result"]["capabilities"];
  for (const char* expected : {"tools", "resources", "prompts", "completions", "logging"})
    EXPECT_TRUE(can.contains(expected)) << expected;
  McpProcess plain(runner(fixture("fixture")));
  const json less = plain.modern("server/discover")["result"]["capabilities"];
  EXPECT_FALSE(less.contains("resources"));
  EXPECT_FALSE(less.contains("prompts"));
  EXPECT_EQ(plain.modern("resources/list")["error"]["code"], -32601);
  EXPECT_EQ(plain.modern("prompts/get", {{"name", "x"}})["error"]["code"], -32601);
}

TEST_F(Offers, AResourceThatIsNotThereIsNamedInItsError) {
  const json params{{"uri", "test://nowhere"}};
  const json legacy = server_.legacy("resources/read", params)["error"];
  EXPECT_EQ(legacy["code"], -32002);
  EXPECT_EQ(legacy["data"]["uri"], "test://nowhere");
  EXPECT_EQ(server_.modern("resources/read", params)["error"]["code"], -32602);
  EXPECT_EQ(server_.modern("resources/read")["error"]["code"], -32602);
}

TEST_F(Offers, APromptWithoutAnArgumentItNeedsIsRefused) {
  EXPECT_EQ(server_.legacy("prompts/get", {{"name", "nope"}})["error"]["code"], -32602);
  const json error = server_.legacy(
      "prompts/get", {{"name", "test_prompt_with_arguments"}, {"arguments", {{"arg1", "x"}}}}
  )["error"];
  EXPECT_EQ(error["code"], -32602);
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("arg2"));
}

TEST_F(Offers, SuggestionsBeginWithWhatWasTyped) {
  const json result = server_.legacy(
      "completion/complete",
      {{"ref", {{"type", "ref/prompt"}, {"name", "test_prompt_with_arguments"}}},
       {"argument", {{"name", "arg1"}, {"value", "part"}}}}
  )["result"];
  EXPECT_EQ(result["completion"]["values"], json::array({"party"}));
}

TEST_F(Offers, WhoSubscribedHearsOfAChange) {
  server_.legacy("resources/subscribe", {{"uri", "test://watched-resource"}});
  server_.call("touch_the_watched");
  EXPECT_EQ(
      server_.seen("notifications/resources/updated"),
      (std::vector<json>{{{"uri", "test://watched-resource"}}})
  );
  server_.legacy("resources/unsubscribe", {{"uri", "test://watched-resource"}});
  server_.call("touch_the_watched");
  EXPECT_EQ(server_.seen("notifications/resources/updated").size(), 1u);
}

TEST(Listening, BeginsWithWhatIsHonouredAndIsTagged) {
  McpProcess server(rich());
  const json meta{
      {"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
      {"io.modelcontextprotocol/clientCapabilities", json::object()}
  };
  server.send(
      {{"jsonrpc", "2.0"},
       {"id", "listen"},
       {"method", "subscriptions/listen"},
       {"params",
        {{"_meta", meta},
         {"notifications",
          {{"toolsListChanged", true}, {"resourceSubscriptions", {"test://watched-resource"}}}}}}}
  );
  const json acknowledged = server.next();
  EXPECT_EQ(acknowledged["method"], "notifications/subscriptions/acknowledged");
  EXPECT_EQ(
      acknowledged["params"]["notifications"],
      (json{{"resourceSubscriptions", {"test://watched-resource"}}})
  );
  EXPECT_EQ(acknowledged["params"]["_meta"][subscription_id], "listen");
  server.modern("tools/call", {{"name", "touch_the_watched"}});
  const auto told = server.seen("notifications/resources/updated");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["uri"], "test://watched-resource");
  EXPECT_EQ(told[0]["_meta"][subscription_id], "listen");
  server.close_stdin();
  const auto last = server.rest();
  ASSERT_EQ(last.size(), 1u) << "a graceful end";
  EXPECT_EQ(last[0]["id"], "listen");
  EXPECT_EQ(last[0]["result"]["_meta"][subscription_id], "listen");
}

TEST(Artifacts, OfAnyBytesGoByTheirPathToWhoReadsFiles) {
  const TempDir lane;
  McpProcess server(runner(fixture("fixture")), lane.path());
  const json reads{
      {"io.modelcontextprotocol/clientCapabilities",
       {{"extensions", {{"io.opsroom/artifact-file", json::object()}}}}}
  };
  const json params{{"name", "big_artifact"}};
  const json link = server.modern("tools/call", params, reads)["result"]["content"][1];
  EXPECT_EQ(link["type"], "resource_link");
  EXPECT_EQ(link["uri"], "file://" + std::filesystem::canonical(lane.path() / "big.bin").string());
  EXPECT_EQ(link["size"], 2u << 20);
  EXPECT_EQ(link["_meta"]["io.opsroom/artifact"]["name"], "big.bin");
  const json whole = server.modern("tools/call", params)["result"]["content"][1];
  EXPECT_EQ(whole["type"], "resource");
}

}  // namespace opsroom::test

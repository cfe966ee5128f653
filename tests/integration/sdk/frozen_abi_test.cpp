#include "mcp_process.hpp"

#include <gtest/gtest.h>

// The plugin that was built against the header of ABI 1.0, in the runner of today.

namespace opsroom::test {
namespace {

class Frozen : public testing::Test {
 protected:
  McpProcess server_{runner(fixture("frozen_1_0"))};
};

}  // namespace

TEST_F(Frozen, EverythingThatWasLentIsStillThere) {
  server_.open_legacy();
  const json result = server_.call("all", json::object(), {{"progressToken", 1}});
  EXPECT_EQ(text_of(result), "1 1 1");
  EXPECT_EQ(result["content"][1]["resource"]["blob"], "Ynl0ZXM=");
  EXPECT_EQ(server_.logged("all"), "a warning\n");
  EXPECT_EQ(server_.logged("stdout"), "a line\n");
  EXPECT_EQ(server_.seen("notifications/progress").at(0)["message"], "half");
}

TEST_F(Frozen, ItsQuestionsAreAskedAndItsStateComesBack) {
  const json can{{"io.modelcontextprotocol/clientCapabilities", {{"elicitation", json::object()}}}};
  const json asked = server_.modern("tools/call", {{"name", "ask"}}, can)["result"];
  EXPECT_EQ(asked["inputRequests"]["ok"]["params"]["message"], "Sure?");
  const json answered = server_.modern(
      "tools/call",
      {{"name", "ask"},
       {"requestState", asked["requestState"]},
       {"inputResponses", {{"ok", {{"action", "accept"}}}}}},
      can
  )["result"];
  EXPECT_EQ(text_of(answered), "answered");
}

TEST_F(Frozen, ItSeesItsCancel) {
  server_.open_legacy();
  const int id = server_.start("wait");
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  server_.cancel(id);
  server_.close_stdin();
  EXPECT_TRUE(server_.rest().empty());
  EXPECT_EQ(server_.wait(), 0);
}

}  // namespace opsroom::test

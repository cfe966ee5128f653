// Several messages in one JSON array, which only 2025-03-26 knows.
#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::test {
namespace {

class Batch : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy("2025-03-26"); }

  static json request(const json& id, const char* method, const json& params = json::object()) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  }

  static json echo(const json& id, const char* text) {
    return request(id, "tools/call", {{"name", "echo"}, {"arguments", {{"text", text}}}});
  }

  /// What the client hears next but notifications.
  json answers() {
    while (true) {
      json message = server_.next();
      if (message.is_array()) return message;
    }
  }

  static std::map<json, json> by_id(const json& answers) {
    std::map<json, json> found;
    for (const json& each : answers)
      found[each["id"]] = each;
    return found;
  }

  McpProcess server_{runner(fixture("fixture"))};
};

}  // namespace

TEST_F(Batch, IsAnsweredByABatch) {
  server_.send({echo("a", "one"), request("b", "ping"), echo("c", "two"), request("d", "no/such")});
  const json whole = answers();
  ASSERT_EQ(whole.size(), 4u);
  auto found = by_id(whole);
  EXPECT_EQ(text_of(found["a"]["result"]), "one");
  EXPECT_EQ(found["b"]["result"], json::object());
  EXPECT_EQ(text_of(found["c"]["result"]), "two");
  EXPECT_EQ(found["d"]["error"]["code"], -32601);
}

TEST_F(Batch, RefusesItsMembersOneByOne) {
  server_.send(
      {7,
       request("x", "ping"),
       request("x", "ping"),
       request("i", "initialize"),
       request(nullptr, "ping"),
       {{"jsonrpc", "2.0"}, {"id", "n"}}}
  );
  const json whole = answers();
  ASSERT_EQ(whole.size(), 6u);
  int refused = 0;
  for (const json& each : whole)
    if (each.contains("error") && each["error"]["code"] == -32600) ++refused;
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(by_id(whole).count("x"), 1u);
}

TEST_F(Batch, OfNotificationsIsNotAnswered) {
  const json note{{"jsonrpc", "2.0"}, {"method", "notifications/nonsense"}};
  server_.send({note, note});
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
}

TEST_F(Batch, ThatIsEmptyIsRefused) {
  server_.send_line("[]");
  EXPECT_EQ(server_.next()["error"]["code"], -32600);
  server_.send_line("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},");
  EXPECT_EQ(server_.next()["error"]["code"], -32700);
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
}

TEST_F(Batch, DoesNotWaitForACallThatWasCancelled) {
  server_.send({request("w", "tools/call", {{"name", "wait"}}), request("p", "ping")});
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  // Service goes on while one of its members takes long.
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
  server_.send(
      {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "w"}}}}
  );
  const json whole = answers();
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0]["id"], "p");
}

TEST_F(Batch, IsNoMessageOfAnyOtherVersion) {
  for (const char* version : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    McpProcess server(runner(fixture("fixture")));
    server.open_legacy(version);
    server.send(json::array({request(1, "ping")}));
    EXPECT_EQ(server.next()["error"]["code"], -32600) << version;
  }
}

}  // namespace opsroom::test

#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

class Server : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }
  McpProcess server_{runner(fixture("fixture"))};
};

}  // namespace

TEST_F(Server, AnExceptionIsTheToolsFailure) {
  const json result = server_.call("throws");
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "no luck today");
}

TEST_F(Server, WhatIsNoExceptionRetiresThePlugin) {
  EXPECT_THAT(text_of(server_.call("throws_int")), HasSubstr("no std::exception"));
  EXPECT_THAT(text_of(server_.call("throws")), HasSubstr("broke in an earlier call"));
}

TEST_F(Server, WrongArgumentsAreAResultTheCallerCanLearnFrom) {
  const json result = server_.call("echo", {{"text", "x"}, {"times", 12}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "wrong arguments for echo: /times: must be at most 9, got 12");
  EXPECT_EQ(result["_meta"]["io.opsroom/badArguments"]["pointer"], "/times");
}

TEST_F(Server, AnUnknownToolIsAnError) {
  const json error = server_.answer(server_.start("nope"))["error"];
  EXPECT_EQ(error["code"], -32602);
  EXPECT_EQ(error["message"], "Unknown tool: nope");
}

TEST_F(Server, ArgumentsMustBeAnObject) {
  EXPECT_EQ(server_.answer(server_.start("echo", json::array()))["error"]["code"], -32602);
}

TEST_F(Server, WhatIsNoRequestIsRefusedAndServiceGoesOn) {
  server_.send_line("{not json");
  EXPECT_EQ(server_.next()["error"]["code"], -32700);
  server_.send_line("[]");
  EXPECT_EQ(server_.next()["error"]["code"], -32600);
  server_.send_line("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}");
  EXPECT_EQ(server_.next()["error"]["code"], -32600);
  server_.send_line("{\"jsonrpc\":\"2.0\",\"id\":7}");
  EXPECT_EQ(server_.next()["error"]["code"], -32600);
  server_.send_line(std::string(100'000, '[') + "\r\n");
  EXPECT_EQ(server_.next()["error"]["code"], -32700);
  EXPECT_EQ(server_.legacy("no/such")["error"]["code"], -32601);
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
}

TEST_F(Server, ANotificationIsNeverAnswered) {
  server_.send({{"jsonrpc", "2.0"}, {"method", "notifications/nonsense"}});
  server_.send({{"jsonrpc", "2.0"}, {"id", 5}, {"result", json::object()}});
  server_.send({{"jsonrpc", "2.0"}, {"id", "p"}, {"method", "ping"}});
  EXPECT_EQ(server_.next()["id"], "p");
}

TEST_F(Server, PrintsWhileLoadingNeverReachTheClient) {
  EXPECT_THAT(server_.errors(), HasSubstr("loading pollutes stdout"));
}

TEST_F(Server, ACancelledCallIsNotAnswered) {
  const int id = server_.start("wait");
  ASSERT_TRUE(eventually([&] { return server_.next()["params"]["data"] == "waiting"; }));
  server_.cancel(id);
  // The plugin is not concurrent: this answer means that the cancelled call is over.
  EXPECT_EQ(text_of(server_.call("echo", {{"text", "after"}})), "after");
  server_.close_stdin();
  EXPECT_TRUE(server_.rest().empty());
}

TEST_F(Server, CallsOfAPluginThatIsNotConcurrentWaitTheirTurn) {
  const int first = server_.start("wait");
  const int second = server_.start("echo", {{"text", "second"}});
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
  server_.cancel(first);
  EXPECT_EQ(text_of(server_.answer(second)["result"]), "second");
}

TEST_F(Server, AnIdInUseIsRefused) {
  const int id = server_.start("wait");
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  server_.send(
      {{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/call"}, {"params", {{"name", "where"}}}}
  );
  EXPECT_EQ(server_.next()["error"]["code"], -32600);
}

TEST_F(Server, ParametersThatCannotBeReadAreTheClientsFault) {
  server_.send_line(R"({"jsonrpc":"2.0","id":"n","method":"tools/list","params":{"cursor":1e999}})"
  );
  EXPECT_EQ(server_.next()["error"]["code"], -32602);
  for (const char* token : {"{}", "1.5", "[]", "true"}) {
    server_.send_line(
        R"({"jsonrpc":"2.0","id":"t","method":"tools/call","params":{"name":"where","_meta":{"progressToken":)" +
        std::string(token) + "}}}"
    );
    EXPECT_EQ(server_.next()["error"]["code"], -32602) << token;
  }
}

TEST_F(Server, ContextAndWorkdirComeFromTheHost) {
  const json context{{"run", "r1"}, {"step", "s1"}, {"attempt", 2}, {"workdir", "/some/lane"}};
  const std::string said =
      text_of(server_.call("where", json::object(), {{"io.opsroom/call", context}}));
  EXPECT_EQ(said, "/some/lane " + context.dump());
  EXPECT_EQ(text_of(server_.call("where")), std::filesystem::current_path().string() + " {}");
}

TEST_F(Server, ArtifactsTravelAsEmbeddedResources) {
  const json item = server_.call("artifact")["content"][1];
  EXPECT_EQ(item["type"], "resource");
  EXPECT_EQ(item["resource"]["uri"], "artifact:///logs/a%20b.txt");
  EXPECT_EQ(item["resource"]["blob"], "b25lAHR3bw==");
  EXPECT_EQ(
      item["_meta"]["io.opsroom/artifact"],
      (json{{"name", "logs/a b.txt"}, {"mediaType", "text/plain"}})
  );
}

TEST_F(Server, EndsPromptlyWithItsClient) {
  server_.start("wait");
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  const auto before = std::chrono::steady_clock::now();
  server_.close_stdin();
  EXPECT_EQ(server_.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
}

TEST_F(Server, EndsOnSigtermLikeOnTheEndOfItsClient) {
  server_.start("wait");
  EXPECT_EQ(server_.next()["params"]["data"], "waiting");
  ::kill(server_.pid(), SIGTERM);
  EXPECT_EQ(server_.wait(), 128 + SIGTERM);
}

TEST(Concurrent, MoreCallsThanThreadsWaitTheirTurn) {
  McpProcess server(runner(fixture("conformance_fixture")));
  server.open_legacy();
  std::vector<int> ids;
  for (int i = 0; i < 200; ++i)
    ids.push_back(server.start("slow_compute", {{"seconds", 3600}}));
  EXPECT_EQ(server.legacy("ping")["result"], json::object());
  const int last = server.start("test_simple_text");
  for (const int id : ids)
    server.cancel(id);
  EXPECT_FALSE(server.answer(last)["result"].contains("isError"));
  server.close_stdin();
  EXPECT_TRUE(server.rest().empty()) << "none was refused";
}

TEST(StandAlone, TheServerIsTheSamePlugin) {
  McpProcess server({std::string(OPSROOM_FIXTURE_DIR) + "/fixture-mcp"});
  server.open_legacy();
  EXPECT_EQ(text_of(server.call("echo", {{"text", "hi"}})), "hi");
  server.close_stdin();
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace opsroom::test

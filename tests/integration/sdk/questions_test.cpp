#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

constexpr const char* capabilities = "io.modelcontextprotocol/clientCapabilities";

/// A legacy client that can do what it is made with.
class Asking : public testing::Test {
 protected:
  void open(const json& can) {
    server_.legacy(
        "initialize",
        {{"protocolVersion", "2025-11-25"},
         {"capabilities", can},
         {"clientInfo", {{"name", "test"}, {"version", "1"}}}}
    );
  }

  /// The next request of the server's.
  json question() {
    while (true) {
      json message = server_.next();
      if (message.contains("method") && message.contains("id")) return message;
    }
  }

  void answer(const json& asked, const json& result) {
    server_.send({{"jsonrpc", "2.0"}, {"id", asked["id"]}, {"result", result}});
  }

  void accept(const json& asked, const json& content) {
    answer(asked, {{"action", "accept"}, {"content", content}});
  }

  McpProcess server_{runner(fixture("conformance_fixture"))};
};

}  // namespace

TEST_F(Asking, AQuestionReachesALegacyClientAsARequest) {
  open({{"elicitation", json::object()}});
  const int id = server_.start("test_input_required_result_elicitation");
  const json asked = question();
  EXPECT_EQ(asked["method"], "elicitation/create");
  EXPECT_EQ(asked["params"]["message"], "What is your name?");
  EXPECT_FALSE(asked["params"].contains("mode")) << "which older clients do not know";
  accept(asked, {{"name", "Alice"}});
  EXPECT_EQ(text_of(server_.answer(id)["result"]), "Hello, Alice!");
}

TEST_F(Asking, EveryRoundIsAskedAndNothingIsForgotten) {
  open({{"elicitation", json::object()}});
  const int id = server_.start("test_input_required_result_multi_round");
  accept(question(), {{"name", "Alice"}});
  accept(question(), {{"color", "blue"}});
  EXPECT_EQ(text_of(server_.answer(id)["result"]), "Alice likes blue");
}

TEST_F(Asking, QuestionsToModelsAndForRootsTravelTheSameWay) {
  open({{"elicitation", json::object()}, {"sampling", json::object()}, {"roots", json::object()}});
  const int id = server_.start("test_input_required_result_multiple_inputs");
  for (int i = 0; i < 3; ++i) {
    const json asked = question();
    if (asked["method"] == "roots/list") answer(asked, {{"roots", json::array()}});
    if (asked["method"] == "elicitation/create") accept(asked, {{"name", "Alice"}});
    if (asked["method"] == "sampling/createMessage")
      answer(
          asked,
          {{"role", "assistant"},
           {"model", "m"},
           {"content", {{"type", "text"}, {"text", "Hello there"}}}}
      );
  }
  const std::string said = text_of(server_.answer(id)["result"]);
  EXPECT_THAT(said, HasSubstr("Hello there"));
  EXPECT_THAT(said, HasSubstr("\"roots\":[]"));
}

TEST_F(Asking, ARefusalIsTheToolsFailureAndTheRestIsWithdrawn) {
  open({{"elicitation", json::object()}, {"sampling", json::object()}, {"roots", json::object()}});
  const int id = server_.start("test_input_required_result_multiple_inputs");
  const json asked = question();
  server_.send(
      {{"jsonrpc", "2.0"},
       {"id", asked["id"]},
       {"error", {{"code", -1}, {"message", "not in the mood"}}}}
  );
  const json result = server_.answer(id)["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("not in the mood"));
  EXPECT_EQ(server_.seen("notifications/cancelled").size(), 2u);
}

TEST_F(Asking, AnAnswerThatIsNoneIsTheToolsFailureAtOnce) {
  open({{"elicitation", json::object()}});
  for (const char* wrong : {"5", "null", "[]", R"({"content":{"name":1e999}})"}) {
    const int id = server_.start("test_input_required_result_elicitation");
    server_.send_line(
        R"({"jsonrpc":"2.0","id":)" + question()["id"].dump() + R"(,"result":)" + wrong + "}"
    );
    const json result = server_.answer(id)["result"];
    EXPECT_EQ(result["isError"], true) << wrong;
    EXPECT_THAT(text_of(result), HasSubstr("no JSON object")) << wrong;
  }
}

TEST_F(Asking, WhatTheClientCannotDoIsNotAskedOfIt) {
  open({{"elicitation", json::object()}});
  EXPECT_THAT(text_of(server_.call("test_sampling")), HasSubstr("does not declare sampling"));
  EXPECT_THAT(text_of(server_.call("ask_by_url")), HasSubstr("does not declare elicitation"));
}

TEST_F(Asking, AUrlIsOpenedByWhoCanOpenUrls) {
  open({{"elicitation", {{"url", json::object()}}}});
  const int id = server_.start("ask_by_url");
  const json asked = question();
  EXPECT_EQ(asked["params"]["mode"], "url");
  EXPECT_EQ(asked["params"]["url"], "https://example.com/sign-in");
  answer(asked, {{"action", "accept"}});
  EXPECT_THAT(text_of(server_.answer(id)["result"]), HasSubstr("accept"));
}

TEST_F(Asking, ACancelledCallTakesItsQuestionBack) {
  open({{"elicitation", json::object()}});
  const int id = server_.start("test_input_required_result_elicitation");
  const json asked = question();
  server_.cancel(id);
  const json withdrawn = server_.next();
  EXPECT_EQ(withdrawn["method"], "notifications/cancelled");
  EXPECT_EQ(withdrawn["params"]["requestId"], asked["id"]);
  accept(asked, {{"name", "too late"}});
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
  server_.close_stdin();
  EXPECT_TRUE(server_.rest().empty());
}

TEST_F(Asking, ADeadlineEndsTheWaiting) {
  open({{"elicitation", json::object()}});
  const int id = server_.start(
      "test_input_required_result_elicitation",
      json::object(),
      {{"io.opsroom/call", {{"deadlineMs", 1}}}}
  );
  question();
  const json result = server_.answer(id)["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("nobody answered in time"));
}

TEST_F(Asking, ServiceGoesOnWhileSomebodyThinks) {
  open({{"elicitation", json::object()}});
  const int waiting = server_.start("test_input_required_result_elicitation");
  const json asked = question();
  EXPECT_EQ(text_of(server_.call("greet", {{"name", "you"}})), "Hello, you!");
  accept(asked, {{"name", "Bob"}});
  EXPECT_EQ(text_of(server_.answer(waiting)["result"]), "Hello, Bob!");
}

TEST_F(Asking, AnswersOfTheWrongShapeAreRefused) {
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  for (const json& wrong : {json(7), json(nullptr), json{{"user_name", 7}}}) {
    const json error = server_.modern(
        "tools/call",
        {{"name", "test_input_required_result_elicitation"}, {"inputResponses", wrong}},
        can
    )["error"];
    EXPECT_EQ(error["code"], -32602) << wrong;
  }
}

class AskingInPlace : public Asking {
 protected:
  McpProcess patient_{runner(fixture("fixture"))};
  int started_ = 0;

  json asked_in_place() {
    patient_.legacy(
        "initialize",
        {{"protocolVersion", "2025-06-18"},
         {"capabilities", {{"elicitation", json::object()}}},
         {"clientInfo", {{"name", "test"}, {"version", "1"}}}}
    );
    started_ = patient_.start("ship_in_place");
    json asked = patient_.next();
    EXPECT_EQ(asked["method"], "elicitation/create");
    return asked;
  }
};

TEST_F(AskingInPlace, ALegacyClientIsAskedWhileTheToolWaits) {
  const json asked = asked_in_place();
  patient_.send(
      {{"jsonrpc", "2.0"},
       {"id", asked["id"]},
       {"result", {{"action", "accept"}, {"content", {{"approved", true}}}}}}
  );
  EXPECT_EQ(patient_.answer(started_)["result"]["structuredContent"]["approved"], true);
}

TEST_F(AskingInPlace, ACancelWakesTheToolThatWaits) {
  const json asked = asked_in_place();
  patient_.cancel(started_);
  EXPECT_EQ(patient_.next()["params"]["requestId"], asked["id"]);
  // The plugin is not concurrent: this answer means that the one that waited is over.
  EXPECT_EQ(text_of(patient_.call("echo", {{"text", "after"}})), "after");
}

TEST(Sealed, AStateIsGoodForOneToolOfOnePluginAndOneRequest) {
  ::setenv("OPSROOM_STATE_KEY", "a key that all of them share", 1);
  McpProcess server(runner(fixture("conformance_fixture")));
  McpProcess other_plugin(runner(fixture("fixture")));
  ::unsetenv("OPSROOM_STATE_KEY");
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  const json asked =
      server.modern("tools/call", {{"name", "test_input_required_result_multi_round"}}, can);
  const std::string state = asked["result"]["requestState"];
  const auto refused = [&](McpProcess& by, const char* tool, json arguments, std::string shown) {
    const json call{
        {"name", tool},
        {"arguments", std::move(arguments)},
        {"requestState", std::move(shown)},
        {"inputResponses", json::object()}
    };
    return by.modern("tools/call", call, can)["error"]["code"] == -32602;
  };
  const char* tool = "test_input_required_result_multi_round";
  EXPECT_FALSE(refused(server, tool, json::object(), state));
  EXPECT_TRUE(refused(server, "test_input_required_result_request_state", json::object(), state));
  EXPECT_TRUE(refused(server, tool, {{"other", 1}}, state));
  std::string later = state;
  later[0] = later[0] == '9' ? '8' : static_cast<char>(later[0] + 1);
  EXPECT_TRUE(refused(server, tool, json::object(), later)) << "its expiry moved";
  std::string longer = state + " ";
  EXPECT_TRUE(refused(server, tool, json::object(), longer));
  EXPECT_TRUE(refused(server, tool, json::object(), ""));
  const json ship = other_plugin.modern("tools/call", {{"name", "ship"}}, can);
  EXPECT_TRUE(refused(server, "ship", json::object(), ship["result"]["requestState"]));
}

TEST(Sealed, AStateIsGoodInAnotherProcessWithTheSameKey) {
  ::setenv("OPSROOM_STATE_KEY", "a key that all of them share", 1);
  McpProcess first(runner(fixture("conformance_fixture")));
  McpProcess second(runner(fixture("conformance_fixture")));
  ::unsetenv("OPSROOM_STATE_KEY");
  McpProcess stranger(runner(fixture("conformance_fixture")));
  const json can{{capabilities, {{"elicitation", json::object()}}}};
  const char* tool = "test_input_required_result_multi_round";
  const json asked = first.modern("tools/call", {{"name", tool}}, can)["result"];
  const json again{
      {"name", tool},
      {"arguments", json::object()},
      {"requestState", asked["requestState"]},
      {"inputResponses", {{"step1", {{"action", "accept"}, {"content", {{"name", "A"}}}}}}}
  };
  EXPECT_EQ(
      second.modern("tools/call", again, can)["result"]["inputRequests"].begin().key(), "step2"
  );
  EXPECT_EQ(stranger.modern("tools/call", again, can)["error"]["code"], -32602);
}

}  // namespace opsroom::test

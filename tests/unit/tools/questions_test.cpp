#include "base/failure.hpp"
#include "unit/tools/client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What a legacy server may ask for while it works.

namespace opsroom::tools::test {
namespace {

using ::testing::HasSubstr;

Json form(const Json& id, const std::string& message) {
  return {
      {"id", id},
      {"method", "elicitation/create"},
      {"params",
       {{"message", message},
        {"requestedSchema",
         {{"type", "object"}, {"properties", {{"n", {{"type", "integer"}, {"default", 7}}}}}}}}}
  };
}

InputReply accepted(Json content) {
  return InputReply{InputAction::accept, std::move(content)};
}

class Questions : public ClientTest {
 protected:
  std::shared_ptr<Exchange> begin(Clock::duration input_limit = 20s, Sampling sampling = nullptr) {
    const auto exchange = start_call();
    exchange->sink->grant(input_limit, std::move(sampling));
    return exchange;
  }

  void finish(const std::shared_ptr<Exchange>& exchange) {
    channel.say(Json{{"id", exchange->id}, {"result", {{"content", Json::array()}}}});
  }
};

TEST_F(Questions, AreAskedAtOnceAndAnsweredInAnyOrderWithTheIdsAsTheyCame) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(form(5, "first"));
  channel.say(form("5", "second"));
  settle();
  ASSERT_EQ(listener.asks.size(), 2U);
  EXPECT_NE(listener.asks[0].key, listener.asks[1].key);
  EXPECT_EQ(listener.asks[0].method, "elicitation/create");
  channel.say(R"({"id":6,"method":"ping"})");
  settle();
  EXPECT_EQ(reply_to(6)["result"], Json::object()) << "reading must go on while a person thinks";
  listener.answer("second", accepted({{"n", 1}}));
  settle();
  EXPECT_EQ(reply_to("5")["result"], Json::parse(R"({"action":"accept","content":{"n":1}})"));
  EXPECT_TRUE(reply_to(5).is_null());
  listener.answer("first", InputReply{InputAction::decline, nullptr});
  settle();
  EXPECT_EQ(reply_to(5)["result"], Json::parse(R"({"action":"decline"})"));
  finish(exchange);
  EXPECT_EQ(wait(exchange), Wake::answered);
}

TEST_F(Questions, WhatAFormLeavesOutGetsItsDefault) {
  open(Era::legacy);
  const auto exchange = begin();
  listener.answer("m", accepted(Json::object()));
  channel.say(form(5, "m"));
  settle();
  EXPECT_EQ(reply_to(5)["result"]["content"], Json::parse(R"({"n":7})"));
}

TEST_F(Questions, ByUrlHaveNoContent) {
  open(Era::legacy);
  const auto exchange = begin();
  listener.answer("m", accepted(Json::object()));
  channel.say(
      R"({"id":5,"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://x/","elicitationId":"e"}})"
  );
  channel.say(R"({"method":"notifications/elicitation/complete","params":{"elicitationId":"e"}})");
  settle();
  EXPECT_EQ(reply_to(5)["result"], Json::parse(R"({"action":"accept"})"));
}

TEST_F(Questions, StopTheClockOfTheCall) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(form(5, "m"));
  listener.on_ask = [&] {
    asio::co_spawn(
        io.executor(),
        [](Listener& asked) -> Task<> {
          co_await pause_for(1200ms);
          asked.answer("m", InputReply{InputAction::decline, nullptr});
        }(listener),
        asio::detached
    );
  };
  channel.on_send = [&](const Json& message) {
    if (message.contains("result")) finish(exchange);
  };
  // Both limits are far shorter than the person takes, and longer than everything else.
  EXPECT_EQ(wait(exchange, 500ms, 500ms), Wake::answered);
}

TEST_F(Questions, NobodyAnswersAreCancelledAtTheLimit) {
  open(Era::legacy);
  const auto exchange = begin(30ms);
  channel.say(form(5, "m"));
  settle();
  EXPECT_EQ(listener.limits, std::vector<Milliseconds>{30ms});
  io.run(pause_for(60ms));
  settle();
  EXPECT_EQ(reply_to(5)["result"], Json::parse(R"({"action":"cancel"})"));
  EXPECT_TRUE(exchange->sink->unanswered());
}

TEST_F(Questions, CanBeTakenBackByTheServer) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(form("q", "m"));
  settle();
  EXPECT_TRUE(exchange->sink->held());
  channel.say(R"({"method":"notifications/cancelled","params":{"requestId":"q"}})");
  settle();
  EXPECT_FALSE(exchange->sink->held());
  EXPECT_TRUE(reply_to("q").is_null());
  EXPECT_FALSE(exchange->sink->unanswered());
}

TEST_F(Questions, EndWithTheirCall) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(form(5, "m"));
  settle();
  io.run(exchange->sink->close(), 5s);
  EXPECT_FALSE(exchange->sink->held());
  settle();
  EXPECT_EQ(reply_to(5)["result"]["action"], "cancel");
}

TEST_F(Questions, EndWithTheServer) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(form(5, "m"));
  settle();
  client->end("it died");
  settle();
  EXPECT_FALSE(exchange->sink->held());
  EXPECT_TRUE(reply_to(5).is_null());
}

TEST_F(Questions, OfNoSingleCallAreCancelled) {
  open(Era::legacy);
  channel.say(form(5, "m"));
  settle();
  EXPECT_EQ(reply_to(5)["result"], Json::parse(R"({"action":"cancel"})"));
  const auto one = begin();
  const auto two = begin();
  channel.say(form(6, "m"));
  settle();
  EXPECT_EQ(reply_to(6)["result"], Json::parse(R"({"action":"cancel"})"));
  EXPECT_TRUE(listener.asks.empty());
}

TEST_F(Questions, ThatCannotBeAskedAreRefused) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(R"({"id":5,"method":"elicitation/create","params":{"message":"m"}})");
  channel.say(R"({"id":6,"method":"elicitation/create","params":{"message":"m","mode":"smell"}})");
  channel.say(R"({"id":7,"method":"elicitation/create","params":{"message":"m","mode":"url"}})");
  settle();
  for (int id : {5, 6, 7})
    EXPECT_EQ(reply_to(id)["error"]["code"], -32602) << id;
}

TEST_F(Questions, SamplingIsRefusedUnlessAToolAnswersIt) {
  open(Era::legacy);
  const auto refused = begin();
  channel.say(R"({"id":5,"method":"sampling/createMessage","params":{"messages":[]}})");
  settle();
  EXPECT_EQ(reply_to(5)["error"]["code"], -1);
  finish(refused);
  wait(refused);
  client->forget(refused);

  Json seen;
  const auto answering = begin(20s, [&seen](Json params, Stop&) -> Task<ToolResult> {
    seen = params;
    return [](std::string text) -> Task<ToolResult> {
      ToolResult said;
      said.succeeded = true;
      said.output = Json{{"text", text}, {"model", "m-1"}};
      co_return said;
    }("hello");
  });
  channel.say(R"({"id":6,"method":"sampling/createMessage","params":{"maxTokens":9}})");
  settle();
  EXPECT_EQ(seen, Json::parse(R"({"maxTokens":9})"));
  EXPECT_EQ(
      reply_to(6)["result"],
      Json::parse(
          R"({"role":"assistant","content":{"type":"text","text":"hello"},"model":"m-1","stopReason":"endTurn"})"
      )
  );
}

TEST_F(Questions, AreOfferedOnlyAsFarAsTheyCanBeAnswered) {
  options.root.reset();
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(R"({"id":5,"method":"roots/list"})");
  settle();
  EXPECT_EQ(reply_to(5)["error"]["code"], -32601);
  const Json declared = mcp::initialize_params({})["capabilities"];
  EXPECT_EQ(declared, Json::parse(R"({"elicitation":{"form":{},"url":{}}})"));
}

TEST_F(Questions, LogLinesGoToTheCallTheyName) {
  open(Era::legacy);
  const auto one = begin();
  const auto two = begin();
  channel.say(Json{
      {"method", "notifications/message"},
      {"params", {{"level", "info"}, {"data", "a"}, {"_meta", {{"progressToken", two->id}}}}}
  });
  channel.say(R"({"method":"notifications/message","params":{"level":"info","data":"nobody's"}})");
  channel.say(
      R"({"method":"notifications/message","params":{"level":"info","data":"late","_meta":{"progressToken":99}}})"
  );
  settle();
  EXPECT_EQ(listener.logs, std::vector<std::string>{"info: a"});
}

TEST_F(Questions, AProgressTokenGivenBackAsTextIsOurs) {
  open(Era::legacy);
  const auto exchange = begin();
  channel.say(Json{
      {"method", "notifications/progress"},
      {"params", {{"progressToken", std::to_string(exchange->id)}, {"progress", 1}}}
  });
  settle();
  EXPECT_EQ(listener.progresses, std::vector<double>{1});
}

class Changes : public ClientTest {
 protected:
  Changes() {
    options.on_tools_changed = [this] { ++changes; };
  }
  int changes = 0;
};

TEST_F(Changes, OfALegacyServerAreHeardAtAnyTime) {
  open(Era::legacy);
  channel.say(R"({"method":"notifications/tools/list_changed"})");
  channel.say(R"({"method":"notifications/resources/list_changed"})");
  channel.say(R"({"method":"notifications/other/list_changed"})");
  settle();
  EXPECT_EQ(changes, 2);
}

TEST_F(Changes, OfAModernServerComeOnTheStreamThatWasOpenedForThem) {
  answer(
      "server/discover",
      Json::parse(
          R"({"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"prompts":{}}}})"
      )
  );
  make_client();
  serve();
  io.run(client->open(std::nullopt));
  ASSERT_EQ(sent("subscriptions/listen").size(), 1U);
  const Json listen = sent("subscriptions/listen")[0];
  EXPECT_EQ(listen["params"]["notifications"], Json::parse(R"({"toolsListChanged":true})"));
  EXPECT_TRUE(listen["params"]["_meta"].contains("io.modelcontextprotocol/protocolVersion"));
  const auto change = [&](const Json& stream) {
    channel.say(Json{
        {"method", "notifications/tools/list_changed"},
        {"params", {{"_meta", {{"io.modelcontextprotocol/subscriptionId", stream}}}}}
    });
  };
  change(listen["id"]);
  change(12345);
  channel.say(R"({"method":"notifications/tools/list_changed"})");
  settle();
  EXPECT_EQ(changes, 1);
  // A graceful end: listened for again, on a stream of its own.
  channel.say(Json{{"id", listen["id"]}, {"result", {{"resultType", "complete"}}}});
  settle();
  ASSERT_EQ(sent("subscriptions/listen").size(), 2U);
  const Json again = sent("subscriptions/listen")[1];
  EXPECT_NE(again["id"], listen["id"]);
  change(listen["id"]);
  change(again["id"]);
  settle();
  EXPECT_EQ(changes, 2);
}

TEST_F(Changes, AStreamThatTheServerCancelsIsOpenedAgain) {
  answer(
      "server/discover",
      Json::parse(
          R"({"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}}}})"
      )
  );
  make_client();
  serve();
  io.run(client->open(std::nullopt));
  const auto cancel = [&](const Json& id) {
    channel.say(Json{{"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
    settle();
  };
  cancel(4711);
  ASSERT_EQ(sent("subscriptions/listen").size(), 1U);
  cancel(sent("subscriptions/listen")[0]["id"]);
  EXPECT_EQ(sent("subscriptions/listen").size(), 2U);
}

TEST_F(Changes, AStreamThatEndsAtOnceIsNotOpenedForEver) {
  answer(
      "server/discover",
      Json::parse(
          R"({"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}}}})"
      )
  );
  answer("subscriptions/listen", Json::parse(R"({"result":{"resultType":"complete"}})"));
  make_client();
  serve();
  io.run(client->open(std::nullopt));
  settle();
  EXPECT_EQ(sent("subscriptions/listen").size(), 3U);
}

class Requests : public ClientTest {};

TEST_F(Requests, AreAnsweredOrRefusedByName) {
  open(Era::modern);
  answer("resources/read", Json::parse(R"({"result":{"resultType":"complete","contents":[1]}})"));
  EXPECT_EQ(io.run(client->request("resources/read", {{"uri", "x"}}, 1s))["contents"][0], 1);
  answer("prompts/get", Json::parse(R"({"result":{"resultType":"input_required"}})"));
  answer("resources/list", Json::parse(R"({"result":{"resultType":"task"}})"));
  const auto failure = [&](const std::string& method) -> std::string {
    try {
      io.run(client->request(method, Json::object(), 1s));
    } catch (const Failure& reason) {
      return reason.message();
    }
    return "answered";
  };
  EXPECT_THAT(failure("prompts/get"), HasSubstr("asks for input before it answers prompts/get"));
  EXPECT_THAT(failure("resources/list"), HasSubstr("with the resultType 'task'"));
}

TEST_F(Requests, ListsAreReadToTheirEndAndKeptForTheShortestTime) {
  open(Era::modern);
  then(
      "resources/list",
      R"({"result":{"resultType":"complete","resources":[{"uri":"a"}],"nextCursor":"","ttlMs":900,"cacheScope":"public"}})"
  );
  then(
      "resources/list",
      R"({"result":{"resultType":"complete","resources":[{"uri":"a"},{"uri":"b"}],"ttlMs":100,"cacheScope":"private"}})"
  );
  const Listing listing = io.run(client->list("resources/list", 1s));
  ASSERT_EQ(listing.entries.size(), 2U);
  EXPECT_EQ(listing.entries[1]["uri"], "b");
  EXPECT_EQ(listing.cache.ttl, Milliseconds(100));
  EXPECT_FALSE(listing.cache.shared);
  EXPECT_EQ(sent("resources/list")[1]["params"]["cursor"], "");
}

TEST_F(Requests, AnIdentityIsNameVersionAndProtocol) {
  answer(
      "initialize",
      Json::parse(
          R"({"result":{"protocolVersion":"2025-11-25","capabilities":{"logging":{}},"serverInfo":{"name":"files","version":"1.2"}}})"
      )
  );
  options.log_level = "error";
  open(Era::legacy);
  EXPECT_EQ(client->identity(), "files 1.2 (2025-11-25)");
}

TEST_F(Requests, ALegacyServerIsToldHowMuchToLog) {
  answer("server/discover", Json::parse(R"({"error":{"code":-32601,"message":"?"}})"));
  answer(
      "initialize",
      Json::parse(R"({"result":{"protocolVersion":"2025-11-25","capabilities":{"logging":{}}}})")
  );
  options.log_level = "error";
  make_client();
  serve();
  io.run(client->open(std::nullopt));
  ASSERT_EQ(sent("logging/setLevel").size(), 1U);
  EXPECT_EQ(sent("logging/setLevel")[0]["params"], Json::parse(R"({"level":"error"})"));
}

}  // namespace
}  // namespace opsroom::tools::test

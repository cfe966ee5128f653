#include "base/failure.hpp"
#include "unit/tools/client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::tools::test {
namespace {

using ::testing::HasSubstr;

class Client : public ClientTest {
 protected:
  Client() { make_client(); }
};

TEST_F(Client, AServerThatIsSlowToSayThatItIsModernIsOpenedSoTheNextTime) {
  channel.on_send = [this](const Json& message) {
    if (message.value("method", "") != "initialize") return;  // The probe is answered late.
    channel.say(
        Json::parse(R"({"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}})")
    );
    Json opened = Json::parse(
        R"({"jsonrpc":"2.0","result":{"protocolVersion":"2025-06-18","capabilities":{}}})"
    );
    opened["id"] = message["id"];
    channel.say(opened);
  };
  EXPECT_EQ(io.run(client->open(std::nullopt)), Opening::legacy);
  EXPECT_EQ(client->era(), Era::legacy);
  EXPECT_EQ(client->best_era(), Era::modern);
}

TEST_F(Client, EveryModernRequestCarriesItsMeta) {
  open(Era::modern);
  answer("tools/list", Json::parse(R"({"result":{"tools":[]}})"));
  io.run(client->list_tools(1s));
  start_call();
  ASSERT_EQ(channel.sent.size(), 2U);
  for (const Json& message : channel.sent) {
    const Json& meta = message["params"]["_meta"];
    EXPECT_EQ(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    EXPECT_TRUE(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
    EXPECT_EQ(meta["io.modelcontextprotocol/clientInfo"]["name"], "opsroom");
    EXPECT_EQ(meta["io.modelcontextprotocol/logLevel"], "info");
  }
}

TEST_F(Client, ALegacyConversationIsInitializedAndCarriesNoModernMeta) {
  open(Era::legacy);
  EXPECT_EQ(client->version(), "2025-06-18");
  start_call();
  const Json& meta = channel.sent.back()["params"]["_meta"];
  EXPECT_FALSE(meta.contains("io.modelcontextprotocol/protocolVersion"));
  EXPECT_TRUE(meta.contains("io.opsroom/call"));
}

TEST_F(Client, SilenceOnTheProbeMeansLegacy) {
  answer(
      "initialize", Json::parse(R"({"result":{"protocolVersion":"2024-11-05","capabilities":{}}})")
  );
  serve();
  EXPECT_EQ(io.run(client->open(std::nullopt)), Opening::legacy);
  EXPECT_EQ(channel.sent.back()["method"], "notifications/initialized");
}

TEST_F(Client, AServerThatWasOnlySlowIsStillModern) {
  channel.on_send = [this](const Json& message) {
    if (message["method"] != "initialize") return;
    channel.say(R"({"id":1,"result":{"supportedVersions":["2026-07-28"]}})");
    channel.say(R"({"id":2,"error":{"code":-32022,"message":"no"}})");
  };
  EXPECT_EQ(io.run(client->open(std::nullopt)), Opening::modern);
}

TEST_F(Client, ARememberedEraThatNoLongerHoldsIsFoundAnew) {
  answer("initialize", Json::parse(R"({"error":{"code":-32601,"message":"?"}})"));
  answer("server/discover", Json::parse(R"({"result":{"supportedVersions":["2026-07-28"]}})"));
  serve();
  EXPECT_EQ(io.run(client->open(Era::legacy)), Opening::modern);
}

TEST_F(Client, AForeignVersionIsRefusedByName) {
  answer("server/discover", Json::parse(R"({"error":{"code":-32601,"message":"?"}})"));
  answer(
      "initialize", Json::parse(R"({"result":{"protocolVersion":"1999-01-01","capabilities":{}}})")
  );
  serve();
  try {
    io.run(client->open(std::nullopt));
    FAIL() << "opened";
  } catch (const Failure& failure) {
    EXPECT_THAT(
        failure.message(),
        HasSubstr("server 'x' answered initialize with protocol version '1999-01-01'")
    );
  }
}

TEST_F(Client, RejectionsAndFailuresAreToldApart) {
  open(Era::legacy);
  EXPECT_EQ(
      call_answered_with(R"({"error":{"code":-32602,"message":"bad"}})").delivery,
      Delivery::rejected
  );
  EXPECT_EQ(
      call_answered_with(R"({"error":{"code":-32601,"message":"bad"}})").delivery,
      Delivery::rejected
  );
  const auto internal = call_answered_with(R"({"error":{"code":-32603,"message":"oops"}})");
  EXPECT_EQ(internal.delivery, Delivery::answered);
  EXPECT_FALSE(internal.succeeded);
  EXPECT_THAT(internal.error, HasSubstr("oops"));
}

TEST_F(Client, AnUnknownResultTypeIsInvalid) {
  open(Era::modern);
  const auto result = call_answered_with(R"({"result":{"resultType":"maybe","content":[]}})");
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.error, HasSubstr("unknown resultType 'maybe'"));
}

TEST_F(Client, ABatchOfAnswersIsTaken) {
  open(Era::legacy);
  const auto exchange = start_call();
  channel.say(R"([{"method":"x"},{"id":3,"result":{"content":[{"type":"text","text":"b"}]}}])");
  ASSERT_EQ(exchange->id, 3);
  EXPECT_EQ(wait(exchange), Wake::answered);
  EXPECT_EQ(client->result(*exchange).output["text"], "b");
}

TEST_F(Client, ProgressMustIncreaseAndEndsWithTheCall) {
  open(Era::legacy);
  const auto exchange = start_call();
  const auto progress = [&](double done) {
    channel.say(Json{
        {"method", "notifications/progress"},
        {"params", {{"progressToken", exchange->id}, {"progress", done}}}
    });
  };
  progress(1);
  progress(3);
  progress(2);
  progress(3);
  progress(4);
  channel.say(Json{{"id", exchange->id}, {"result", {{"content", Json::array()}}}});
  progress(5);
  wait(exchange);
  client->forget(exchange);
  io.run(pause_for(5ms));
  EXPECT_EQ(listener.progresses, (std::vector<double>{1, 3, 4}));
}

TEST_F(Client, ACallThatNeverLeftIsTakenBack) {
  open(Era::legacy);
  channel.stuck = true;
  const auto exchange = start_call();
  EXPECT_EQ(wait(exchange, 10ms), Wake::idle);
  client->cancel(exchange, "late");
  EXPECT_TRUE(channel.waiting.empty());
  EXPECT_TRUE(channel.sent.empty());
  EXPECT_EQ(client->result(*exchange).delivery, Delivery::not_sent);
}

TEST_F(Client, ACallThatWasSentIsCancelledByName) {
  open(Era::legacy);
  const auto exchange = start_call();
  stop.request(StopReason::canceled);
  EXPECT_EQ(wait(exchange), Wake::stopped);
  client->cancel(exchange, "canceled");
  EXPECT_EQ(channel.sent.back()["method"], "notifications/cancelled");
  EXPECT_EQ(channel.sent.back()["params"]["requestId"], exchange->id);
  EXPECT_EQ(client->result(*exchange).delivery, Delivery::unknown);
}

TEST_F(Client, ADrainWhoseGraceHasPassedStopsTheCall) {
  open(Era::legacy);
  const auto exchange = start_call();
  stop.request(StopReason::draining);
  EXPECT_EQ(wait(exchange), Wake::stopped);
}

TEST_F(Client, TheTotalCapHoldsAgainstProgress) {
  open(Era::legacy);
  const auto exchange = start_call();
  for (int i = 0; i < 5; ++i) {
    channel.say(Json{
        {"method", "notifications/progress"},
        {"params", {{"progressToken", exchange->id}, {"progress", i}}}
    });
  }
  EXPECT_EQ(wait(exchange, 1s, 20ms), Wake::too_long);
}

TEST_F(Client, TheEndOfTheServerEndsItsCallsAtOnce) {
  open(Era::legacy);
  const auto exchange = start_call();
  client->end("server 'x' exited with 3");
  EXPECT_EQ(wait(exchange), Wake::peer_gone);
  EXPECT_EQ(client->result(*exchange).error, "server 'x' exited with 3");
  EXPECT_EQ(client->result(*exchange).delivery, Delivery::unknown);
}

TEST_F(Client, AnswersRootsAndPingAtOnceAndRefusesTheRest) {
  open(Era::legacy);
  channel.say(R"({"id":"r-1","method":"roots/list"})");
  channel.say(R"({"id":5,"method":"ping"})");
  channel.say(R"({"id":6,"method":"tools/imagine","params":{}})");
  io.run(pause_for(5ms));
  ASSERT_EQ(channel.sent.size(), 3U);
  EXPECT_EQ(channel.sent[0]["id"], "r-1");
  EXPECT_EQ(channel.sent[0]["result"]["roots"][0]["uri"], "file:///lane");
  EXPECT_EQ(channel.sent[1]["result"], Json::object());
  EXPECT_EQ(channel.sent[2]["error"]["code"], -32601);
}

TEST_F(Client, NeverWritesAResponseInTheModernEra) {
  open(Era::modern);
  channel.say(R"({"id":5,"method":"ping"})");
  io.run(pause_for(5ms));
  EXPECT_TRUE(channel.sent.empty());
}

TEST_F(Client, LogMessagesGoToTheOnlyCall) {
  open(Era::legacy);
  answer("tools/call", Json::parse(R"({"result":{"content":[]}})"));
  channel.on_send = [](const Json&) {};
  const auto exchange = start_call();
  channel.say(
      R"({"method":"notifications/message","params":{"level":"info","logger":"stdout","data":"a\nb"}})"
  );
  channel.say(R"({"method":"notifications/message","params":{"level":"error","data":{"n":1}}})");
  channel.say(Json{{"id", exchange->id}, {"result", {{"content", Json::array()}}}});
  wait(exchange);
  EXPECT_EQ(listener.logs, (std::vector<std::string>{"stdout: a\nb", "error: {\"n\":1}"}));
}

}  // namespace
}  // namespace opsroom::tools::test

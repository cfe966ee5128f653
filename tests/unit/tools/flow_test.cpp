#include "base/digest.hpp"
#include "base/failure.hpp"
#include "unit/tools/flow_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Rounds of input: calls that are sent again.

namespace opsroom::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string done =
    R"({"result":{"resultType":"complete","content":[{"type":"text","text":"done"}]}})";

const std::string asks_name =
    R"({"result":{"resultType":"input_required","requestState":"s\u0000\n\"ü","inputRequests":{
      "name":{"method":"elicitation/create","params":{"message":"your name?","requestedSchema":
        {"type":"object","properties":{"n":{"type":"string"},"d":{"type":"string","default":"x"}}}}},
      "roots":{"method":"roots/list"}}}})";

TEST_F(Flow, AQuestionPutsTheCallAsideAndTheAnswerSendsItAgain) {
  open(Era::modern);
  then("tools/call", asks_name);
  then("tools/call", done);
  const ToolResult first = run();
  ASSERT_TRUE(first.suspended);
  ASSERT_EQ(first.suspended->asks.size(), 1U);
  EXPECT_EQ(first.suspended->asks[0].key, "name");
  EXPECT_EQ(first.suspended->asks[0].params["message"], "your name?");
  EXPECT_EQ(first.suspended->why, "server 'x' asks: your name?");
  EXPECT_FALSE(first.suspended->look_again);
  EXPECT_EQ(outcomes(first), std::vector<std::string>{"input_required"});
  // A database's JSON cannot hold it.
  const std::string inner = first.suspended->state["inner"];
  EXPECT_EQ(inner.find('\0'), std::string::npos);

  const ToolResult second = resume(first, {{"name", {InputAction::accept, Json{{"n", "Ada"}}}}});
  EXPECT_TRUE(second.succeeded) << second.error;
  const auto calls = sent("tools/call");
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_NE(calls[0]["id"], calls[1]["id"]);
  EXPECT_EQ(calls[0]["params"]["arguments"], calls[1]["params"]["arguments"]);
  EXPECT_EQ(calls[1]["params"]["requestState"], std::string("s\0\n\"ü", 6));
  EXPECT_EQ(
      calls[1]["params"]["inputResponses"],
      Json::parse(R"({"name":{"action":"accept","content":{"n":"Ada","d":"x"}},
        "roots":{"roots":[{"name":"lane","uri":"file:///lane"}]}})")
  );
  ASSERT_EQ(second.records.size(), 1U);
  EXPECT_EQ(second.records[0].round, 2);
}

TEST_F(Flow, WhatTheHostKnowsIsAnsweredAtOnce) {
  open(Era::modern);
  then(
      "tools/call", R"({"result":{"resultType":"input_required","inputRequests":{
      "r":{"method":"roots/list"},"s":{"method":"sampling/createMessage","params":{"maxTokens":1}}}}})"
  );
  then("tools/call", done);
  sampling = [](Json, Stop&) -> Task<ToolResult> {
    ToolResult said;
    said.succeeded = true;
    said.output = Json{{"text", "a thought"}};
    co_return said;
  };
  const ToolResult result = run();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(outcomes(result), (std::vector<std::string>{"input_required", "succeeded"}));
  const Json params = sent("tools/call")[1]["params"];
  EXPECT_EQ(params["inputResponses"]["s"]["content"]["text"], "a thought");
  EXPECT_TRUE(params["inputResponses"].contains("r"));
  EXPECT_FALSE(params.contains("requestState"));
}

TEST_F(Flow, AStateWithoutQuestionsGoesStraightBack) {
  open(Era::modern);
  then("tools/call", R"({"result":{"resultType":"input_required","requestState":"one"}})");
  then("tools/call", R"({"result":{"resultType":"input_required","requestState":"two"}})");
  then("tools/call", done);
  EXPECT_TRUE(run().succeeded);
  const auto calls = sent("tools/call");
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[1]["params"]["requestState"], "one");
  EXPECT_EQ(calls[2]["params"]["requestState"], "two");
  EXPECT_FALSE(calls[2]["params"].contains("inputResponses"));
}

TEST_F(Flow, RoundsAreCountedAcrossSuspensions) {
  open(Era::modern);
  then("tools/call", asks_name);
  ToolResult result = run();
  int rounds = 1;
  while (result.suspended && rounds < 50) {
    ++rounds;
    result = resume(result, {{"name", {InputAction::accept, Json::object()}}});
  }
  EXPECT_EQ(rounds, 16);
  EXPECT_EQ(sent("tools/call").size(), 16U);
  EXPECT_THAT(result.error, HasSubstr("wanted input 16 times in one call"));
  EXPECT_EQ(result.delivery, Delivery::answered);
}

TEST_F(Flow, WhatWasNotOfferedOrIsNoQuestionIsInvalid) {
  open(Era::modern);
  const auto error_of = [&](const char* result) {
    script["tools/call"].clear();
    then("tools/call", result);
    const ToolResult out = run();
    EXPECT_FALSE(out.suspended);
    EXPECT_EQ(out.delivery, Delivery::answered);
    return out.error;
  };
  EXPECT_THAT(
      error_of(
          R"({"result":{"resultType":"input_required","inputRequests":{"s":{"method":"sampling/createMessage"}}}})"
      ),
      HasSubstr("asks for 'sampling/createMessage', which it was not offered")
  );
  EXPECT_THAT(error_of(R"({"result":{"resultType":"input_required"}})"), HasSubstr("bad answer"));
  EXPECT_THAT(
      error_of(R"({"result":{"resultType":"input_required","requestState":7}})"),
      HasSubstr("bad answer")
  );
  EXPECT_THAT(
      error_of(
          R"({"result":{"resultType":"input_required","inputRequests":{"s":{"method":"elicitation/create","params":{}}}}})"
      ),
      HasSubstr("bad input request")
  );
}

TEST_F(Flow, AStateOfAnotherVersionIsRefusedBeforeAnythingIsSent) {
  open(Era::modern);
  call.resume = Json{{"format", "0"}};
  const ToolResult result = run();
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("cannot be read"));
  EXPECT_TRUE(sent("tools/call").empty());
}

TEST_F(Flow, RecordsHoldDigestsAndSizes) {
  answer(
      "server/discover",
      Json::parse(
          R"({"result":{"supportedVersions":["2026-07-28"],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"srv","version":"3"}}}})"
      )
  );
  open(Era::modern);
  asio::steady_timer answer_is_made(io.executor());
  channel.on_send = [&](const Json& message) {
    answer_is_made.expires_after(20ms);
    answer_is_made.async_wait([this, id = message["id"]](boost::system::error_code) {
      Json reply = Json::parse(done);
      reply["jsonrpc"] = "2.0";
      reply["id"] = id;
      channel.say(reply);
    });
  };
  const auto begin = Clock::now();
  const auto time_of_day = std::chrono::system_clock::now();
  const ToolResult result = run();
  const auto whole = Clock::now() - begin;
  ASSERT_EQ(result.records.size(), 1U);
  const CallRecord& record = result.records[0];
  EXPECT_EQ(record.tool, "x.work");
  EXPECT_EQ(*record.server, "srv 3 (2026-07-28)");
  EXPECT_EQ(record.argument_sha256, sha256_hex(R"({"a":1})"));
  EXPECT_EQ(record.delivery, Delivery::answered);
  EXPECT_EQ(record.outcome, "succeeded");
  EXPECT_GT(record.bytes_sent, 100);
  EXPECT_GT(record.bytes_received, 50);
  EXPECT_GT(record.started, time_of_day - 1s) << "the clocks may be a little apart";
  EXPECT_LT(record.started, time_of_day + whole + 1s);
  EXPECT_GE(record.took, 20ms);
  EXPECT_LE(record.took, whole);
}

TEST_F(Flow, AnAnswerThatWasThereBeforeItsRequestTookNoTime) {
  open(Era::modern);
  channel.on_send = [this](const Json& message) {
    if (!message.contains("id") || sent("tools/call").size() > 1) return;
    Json first = Json::parse(
        R"({"jsonrpc":"2.0","result":{"resultType":"input_required",
            "inputRequests":{"r":{"method":"roots/list"}}}})"
    );
    first["id"] = message["id"];
    Json second = Json::parse(done);
    second["jsonrpc"] = "2.0";
    second["id"] = message["id"].get<int>() + 1;
    channel.say(Json::array({first, second}));
  };
  const ToolResult result = run();
  EXPECT_EQ(outcomes(result), (std::vector<std::string>{"input_required", "succeeded"}));
  EXPECT_GE(result.records[0].took, 0us);
  EXPECT_EQ(result.records[1].took, 0us);
}

TEST_F(Flow, APageToVisitFirstIsAskedForAndTheCallSentAgain) {
  open(Era::legacy);
  then("tools/call", R"({"error":{"code":-32042,"message":"first","data":{"elicitations":[
      {"mode":"url","message":"sign in","url":"https://x/","elicitationId":"e1"}]}}})");
  then("tools/call", R"({"result":{"content":[]}})");
  const ToolResult first = run();
  ASSERT_TRUE(first.suspended);
  EXPECT_EQ(first.delivery, Delivery::rejected);
  ASSERT_EQ(first.suspended->asks.size(), 1U);
  const std::string key = first.suspended->asks[0].key;
  EXPECT_EQ(first.suspended->asks[0].params["url"], "https://x/");

  const ToolResult declined = resume(first, {{key, {InputAction::decline, nullptr}}});
  EXPECT_EQ(declined.delivery, Delivery::rejected);
  EXPECT_THAT(declined.error, HasSubstr("a page to be visited first"));
  EXPECT_EQ(sent("tools/call").size(), 1U);

  EXPECT_TRUE(resume(first, {{key, {InputAction::accept, nullptr}}}).succeeded);
  EXPECT_FALSE(sent("tools/call")[1]["params"].contains("inputResponses"));
}

TEST_F(Flow, AnUnansweredQuestionIsNamedInTheFailure) {
  open(Era::legacy);
  input_limit = 30ms;
  channel.on_send = [this](const Json& message) {
    if (message.value("method", "") == "tools/call") {
      channel.say(
          R"({"id":"q","method":"elicitation/create","params":{"message":"m","requestedSchema":{}}})"
      );
    } else if (message.contains("result")) {
      channel.say(Json{
          {"id", sent("tools/call")[0]["id"]},
          {"result", {{"isError", true}, {"content", {{{"type", "text"}, {"text", "no name"}}}}}}
      });
    }
  };
  const ToolResult result = run();
  EXPECT_THAT(
      result.error,
      AllOf(HasSubstr("no name"), HasSubstr("nobody answered its question within 30 ms"))
  );
  EXPECT_THAT(result.hint, HasSubstr("inputLimit"));
}

}  // namespace
}  // namespace opsroom::tools::test

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "tools/call_flow.hpp"
#include "unit/tools/client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Calls that need more than one request.

namespace opsroom::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Task<ToolResult> carry_out(std::shared_ptr<McpClient> client, CallFlow& flow, Stop& stop) {
  if (flow.must_prepare()) co_await flow.prepare();
  while (flow.wants_call()) {
    auto waiting = client->wait(flow.send_call(), flow.limits(), stop);
    if (!flow.take(co_await std::move(waiting))) break;
    co_await flow.go_on();
  }
  if (flow.ended_early()) flow.give_up();
  co_return flow.conclude();
}

class Flow : public ClientTest {
 protected:
  Flow() {
    call.tool = "x.work";
    call.step = "step";
    call.arguments = Json{{"a", 1}};
    options.sampling = true;
  }

  ToolResult run() {
    ServerCall job;
    job.call = call;
    job.name = "work";
    job.directory = "/lane";
    job.idle_timeout = idle;
    job.total = 10s;
    job.latest = Clock::now() + job.total;
    job.task_hold = hold;
    job.input_limit = input_limit;
    job.sampling = sampling;
    const auto sink = make_sink();
    CallFlow flow(*client, std::move(job), sink, stop);
    ToolResult result = io.run(carry_out(client, flow, stop));
    io.run(sink->close());
    return result;
  }

  /// Goes on with the call as another process would: from what is stored, and nothing else.
  ToolResult resume(const ToolResult& from, std::map<std::string, InputReply> replies = {}) {
    call.resume = Json::parse(dump(from.suspended.value().state));
    call.answers = std::move(replies);
    return run();
  }

  std::vector<std::string> outcomes(const ToolResult& result) {
    std::vector<std::string> out;
    for (const CallRecord& record : result.records)
      out.push_back(record.outcome);
    return out;
  }

  Clock::duration idle = 5s;
  Clock::duration hold{};
  Clock::duration input_limit = 5s;
  Sampling sampling;
};

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
  then("tools/call", done);
  const ToolResult result = run();
  ASSERT_EQ(result.records.size(), 1U);
  const CallRecord& record = result.records[0];
  EXPECT_EQ(record.tool, "x.work");
  EXPECT_EQ(record.server, "srv 3 (2026-07-28)");
  EXPECT_EQ(record.argument_sha256, sha256_hex(R"({"a":1})"));
  EXPECT_EQ(record.delivery, Delivery::answered);
  EXPECT_EQ(record.outcome, "succeeded");
  EXPECT_GT(record.bytes_sent, 100);
  EXPECT_GT(record.bytes_received, 50);
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

// --- Tasks of the extension ---

std::string task(const std::string& status, const std::string& more = {}) {
  return R"({"result":{"resultType":"complete","taskId":"t","ttlMs":null,"pollIntervalMs":100,"status":")" +
         status + "\"" + more + "}}";
}

const std::string created =
    R"({"result":{"resultType":"task","taskId":"t","status":"working","statusMessage":"begun","pollIntervalMs":5}})";
const std::string completed =
    task("completed", R"(,"result":{"content":[{"type":"text","text":"done"}]})");

TEST_F(Flow, ATaskIsPutAsideAndAskedAfterLater) {
  open(Era::modern);
  then("tools/call", created);
  const ToolResult first = run();
  ASSERT_TRUE(first.suspended);
  EXPECT_TRUE(first.suspended->asks.empty());
  EXPECT_EQ(first.suspended->look_again, Milliseconds(1000)) << "polls are clamped";
  EXPECT_THAT(first.suspended->why, HasSubstr("works on it as a task: begun"));
  EXPECT_EQ(outcomes(first), std::vector<std::string>{"task"});

  then("tasks/get", task("working"));
  const ToolResult second = resume(first);
  ASSERT_TRUE(second.suspended);

  script["tasks/get"] = {Json::parse(completed)};
  const ToolResult third = resume(second);
  EXPECT_TRUE(third.succeeded) << third.error;
  EXPECT_EQ(third.output["text"], "done");
  EXPECT_EQ(sent("tools/call").size(), 1U);
  const Json get = sent("tasks/get")[1];
  EXPECT_EQ(get["params"]["taskId"], "t");
  EXPECT_TRUE(get["params"]["_meta"].contains("io.modelcontextprotocol/protocolVersion"));
}

TEST_F(Flow, ATaskMayFailOrBeCancelledOrBeForgotten) {
  open(Era::modern);
  then("tools/call", created);
  const ToolResult first = run();
  const auto ended = [&](const std::string& answer) {
    script["tasks/get"] = {Json::parse(answer)};
    return resume(first);
  };
  const ToolResult failed =
      ended(task("failed", R"(,"error":{"code":-32603,"message":"no disk"})"));
  EXPECT_EQ(failed.delivery, Delivery::answered);
  EXPECT_THAT(failed.error, HasSubstr("no disk"));
  EXPECT_THAT(ended(task("cancelled")).error, HasSubstr("has cancelled the task"));
  const ToolResult lost = ended(R"({"error":{"code":-32602,"message":"Task not found"}})");
  EXPECT_EQ(lost.delivery, Delivery::unknown);
  EXPECT_THAT(lost.error, HasSubstr("no longer knows its task 't'"));
  EXPECT_THAT(lost.hint, HasSubstr("taskHold"));
  EXPECT_THAT(ended(task("asleep")).error, HasSubstr("unknown status 'asleep'"));
}

TEST_F(Flow, ATaskAsksAPersonOnceForEachKey) {
  open(Era::modern);
  then("tools/call", created);
  const std::string asking = task(
      "input_required",
      R"(,"inputRequests":{"k":{"method":"elicitation/create","params":{"message":"ok?","requestedSchema":{}}}})"
  );
  then("tasks/get", asking);
  answer("tasks/update", Json::parse(R"({"result":{"resultType":"complete"}})"));
  const ToolResult waiting = resume(run());
  ASSERT_TRUE(waiting.suspended);
  ASSERT_EQ(waiting.suspended->asks.size(), 1U);
  EXPECT_TRUE(sent("tasks/update").empty());

  // The server has not taken note of the answer yet: the key is still there.
  const ToolResult noted = resume(waiting, {{"k", {InputAction::accept, Json{{"y", true}}}}});
  ASSERT_TRUE(noted.suspended);
  EXPECT_TRUE(noted.suspended->asks.empty());
  ASSERT_EQ(sent("tasks/update").size(), 1U);
  EXPECT_EQ(
      sent("tasks/update")[0]["params"]["inputResponses"]["k"],
      Json::parse(R"({"action":"accept","content":{"y":true}})")
  );
  script["tasks/get"] = {Json::parse(completed)};
  EXPECT_TRUE(resume(noted).succeeded);
  EXPECT_EQ(sent("tasks/update").size(), 1U);
}

TEST_F(Flow, ATaskMayBeHeldInPlaceForAWhile) {
  open(Era::modern);
  hold = 10s;
  then("tools/call", created);
  then("tasks/get", task("working"));
  then("tasks/get", completed);
  EXPECT_TRUE(run().succeeded);
}

TEST_F(Flow, AHeldTaskOutlivesADrain) {
  open(Era::modern);
  hold = 10s;
  then("tools/call", created);
  then("tasks/get", task("working"));
  channel.on_send = [this, answer = channel.on_send](const Json& message) {
    if (message["method"] == "tasks/get") stop.request(StopReason::draining);
    answer(message);
  };
  const ToolResult drained = run();
  EXPECT_TRUE(drained.suspended);
  EXPECT_TRUE(sent("tasks/cancel").empty());
}

TEST_F(Flow, AHeldTaskIsCancelledWithItsRun) {
  open(Era::modern);
  hold = 10s;
  then("tools/call", created);
  then("tasks/get", task("working"));
  channel.on_send = [this, answer = channel.on_send](const Json& message) {
    if (message["method"] == "tasks/get") stop.request(StopReason::canceled);
    answer(message);
  };
  const ToolResult result = run();
  EXPECT_TRUE(result.canceled);
  EXPECT_FALSE(result.suspended);
  ASSERT_EQ(sent("tasks/cancel").size(), 1U);
  EXPECT_EQ(sent("tasks/cancel")[0]["params"]["taskId"], "t");
  EXPECT_TRUE(sent("notifications/cancelled").empty());
}

TEST_F(Flow, AHeldTaskIsLeftAloneWhenTheRunIsAnotherWorkers) {
  open(Era::modern);
  hold = 10s;
  then("tools/call", created);
  then("tasks/get", task("working"));
  channel.on_send = [this, answer = channel.on_send](const Json& message) {
    if (message["method"] == "tasks/get") stop.request(StopReason::lease_lost);
    answer(message);
  };
  EXPECT_TRUE(run().canceled);
  EXPECT_TRUE(sent("tasks/cancel").empty());
}

TEST_F(Flow, ATaskThatCannotBeAskedAfterIsTriedAgainLater) {
  open(Era::modern);
  idle = 30ms;
  then("tools/call", created);
  const ToolResult first = run();
  ToolResult result = resume(first);  // Nobody answers tasks/get.
  int tries = 1;
  while (result.suspended && tries < 20) {
    ++tries;
    result = resume(result);
  }
  EXPECT_EQ(tries, 6);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_FALSE(result.succeeded);
}

// --- Tasks of 2025-11-25 ---

class LegacyTask : public Flow {
 protected:
  LegacyTask() {
    answer(
        "initialize",
        Json::parse(
            R"({"result":{"protocolVersion":"2025-11-25","capabilities":{"tasks":{"requests":{"tools":{"call":{}}}}}}})"
        )
    );
    answer(
        "tools/list",
        Json::parse(
            R"({"result":{"tools":[{"name":"work","execution":{"taskSupport":"required"}},{"name":"b","execution":{"taskSupport":"optional"}}]}})"
        )
    );
    then(
        "tools/call",
        R"({"result":{"task":{"taskId":"t","status":"working","pollInterval":100,"ttl":60000}}})"
    );
  }

  static std::string state(const std::string& status) {
    return R"({"result":{"taskId":"t","pollInterval":100,"ttl":60000,"statusMessage":"is )" +
           status + R"(","status":")" + status + "\"}}";
  }
};

TEST_F(LegacyTask, IsBegunFollowedAndFetched) {
  open(Era::legacy);
  then("tasks/get", state("working"));
  then("tasks/get", state("completed"));
  then("tasks/result", R"({"result":{"content":[{"type":"text","text":"report"}]}})");
  const ToolResult result = run();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], "report");
  EXPECT_GT(sent("tools/call")[0]["params"]["task"]["ttl"].get<int>(), 10'000);
  EXPECT_THAT(listener.logs, ::testing::Contains("task: is working"));
  EXPECT_FALSE(client->needs_task("b"));
}

TEST_F(LegacyTask, AsksThroughItsResultAndReportsProgressUntilItsEnd) {
  open(Era::legacy);
  then("tasks/get", state("input_required"));
  listener.answer("which?", InputReply{InputAction::accept, Json{{"a", 1}}});
  channel.on_send = [this, answer = channel.on_send](const Json& message) {
    answer(message);
    if (message.value("method", "") == "tasks/result") {
      channel.say(Json{
          {"method", "notifications/progress"},
          {"params", {{"progressToken", sent("tools/call")[0]["id"]}, {"progress", 1}}}
      });
      channel.say(
          R"({"id":1,"method":"elicitation/create","params":{"message":"which?","requestedSchema":{},
          "_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}})"
      );
    } else if (message.contains("result")) {
      channel.say(Json{
          {"id", sent("tasks/result")[0]["id"]},
          {"result", {{"content", {{{"type", "text"}, {"text", dump(message["result"])}}}}}}
      });
    }
  };
  const ToolResult result = run();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], R"({"action":"accept","content":{"a":1}})");
  EXPECT_EQ(listener.progresses, std::vector<double>{1});
}

TEST_F(LegacyTask, IsCancelledByItsOwnRequest) {
  open(Era::legacy);
  then("tasks/get", state("working"));
  channel.on_send = [this, answer = channel.on_send](const Json& message) {
    if (message["method"] == "tasks/get") stop.request(StopReason::canceled);
    answer(message);
  };
  const ToolResult result = run();
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  ASSERT_EQ(sent("tasks/cancel").size(), 1U);
  EXPECT_FALSE(sent("tasks/cancel")[0]["params"].contains("_meta"));
}

}  // namespace
}  // namespace opsroom::tools::test

#include "unit/tools/flow_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Calls that become tasks.

namespace opsroom::tools::test {
namespace {

using ::testing::HasSubstr;

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

TEST_F(Flow, ALaidDownTaskIsEndedByWhoeverEndsItsRun) {
  open(Era::modern);
  then("tools/call", created);
  const ToolResult begun = run();
  ASSERT_TRUE(begun.suspended);
  EXPECT_TRUE(begun.suspended->elsewhere);
  call.give_up = true;
  answer("tasks/cancel", Json::parse(R"({"result":{"resultType":"complete"}})"));
  const ToolResult ended = resume(begun);
  EXPECT_TRUE(ended.succeeded) << ended.error;
  EXPECT_FALSE(ended.suspended);
  ASSERT_EQ(sent("tasks/cancel").size(), 1U);
  EXPECT_EQ(sent("tasks/cancel")[0]["params"]["taskId"], "t");
  EXPECT_EQ(sent("tools/call").size(), 1U) << "it was called again";
  EXPECT_TRUE(sent("tasks/get").empty());
  EXPECT_EQ(outcomes(ended), std::vector<std::string>{"canceled"});
  EXPECT_EQ(ended.records.at(0).argument_sha256, begun.records.at(0).argument_sha256);
}

TEST_F(Flow, ATaskThatItsServerDoesNotCancelIsAnAnswer) {
  open(Era::modern);
  then("tools/call", created);
  const ToolResult begun = run();
  call.give_up = true;
  answer("tasks/cancel", Json::parse(R"({"error":{"code":-32602,"message":"Task is completed"}})"));
  const ToolResult ended = resume(begun);
  EXPECT_FALSE(ended.succeeded);
  EXPECT_EQ(ended.delivery, Delivery::answered);
  EXPECT_EQ(ended.error, "Task is completed");
  EXPECT_EQ(outcomes(ended), std::vector<std::string>{"failed"});
}

TEST_F(Flow, ASilentServerHasNotHeardThatATaskIsNotWanted) {
  open(Era::modern);
  then("tools/call", created);
  const ToolResult begun = run();
  call.give_up = true;
  idle = 20ms;
  const ToolResult silent = resume(begun);
  EXPECT_FALSE(silent.succeeded);
  EXPECT_EQ(silent.delivery, Delivery::unknown);
  EXPECT_EQ(sent("tasks/cancel").size(), 1U);
}

TEST_F(Flow, QuestionsThatWereLaidDownNeedNoEnd) {
  open(Era::modern);
  then(
      "tools/call",
      R"({"result":{"resultType":"input_required","requestState":"s","inputRequests":{"k":{"method":"elicitation/create","params":{"message":"ok?","requestedSchema":{}}}}}})"
  );
  const ToolResult asking = run();
  ASSERT_TRUE(asking.suspended) << asking.error;
  EXPECT_FALSE(asking.suspended->elsewhere);
  call.give_up = true;
  EXPECT_TRUE(resume(asking).succeeded);
  EXPECT_EQ(sent("tools/call").size(), 1U);
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
  then("tools/call", created);
  const ToolResult first = run();
  idle = 30ms;
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

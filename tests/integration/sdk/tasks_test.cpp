#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::test {
namespace {

constexpr const char* capabilities = "io.modelcontextprotocol/clientCapabilities";

/// A client that declares the tasks extension, unless it says otherwise.
class TaskServer : public testing::Test {
 protected:
  json ask(const std::string& method, json params) {
    const json can{
        {"elicitation", json::object()},
        {"extensions", {{"io.modelcontextprotocol/tasks", json::object()}}}
    };
    return server_.modern(method, std::move(params), {{capabilities, can}});
  }

  json begin(const std::string& tool, json arguments = json::object()) {
    return ask("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}})["result"];
  }

  json status(const json& task) { return ask("tasks/get", {{"taskId", task["taskId"]}})["result"]; }

  json once_it_is(const json& task, const std::string& wanted) {
    EXPECT_TRUE(eventually([&] { return status(task)["status"] == wanted; })) << status(task);
    return status(task);
  }

  McpProcess server_{runner(fixture("conformance_fixture"))};
};

}  // namespace

TEST_F(TaskServer, WhatIsOverAtOnceIsNoTask) {
  const json result = begin("slow_compute", {{"seconds", 0}, {"label", "quick"}});
  EXPECT_EQ(result["resultType"], "complete");
  EXPECT_EQ(text_of(result), "computed quick");
}

TEST_F(TaskServer, WhatTakesLongerBecomesOneAndKeepsItsResult) {
  const json task = begin("slow_compute", {{"seconds", 0.5}, {"label", "slow"}});
  EXPECT_EQ(task["resultType"], "task");
  EXPECT_EQ(task["status"], "working");
  EXPECT_EQ(text_of(once_it_is(task, "completed")["result"]), "computed slow");
}

TEST_F(TaskServer, WhoDoesNotKnowTasksWaits) {
  const json params{{"name", "slow_compute"}, {"arguments", {{"seconds", 0.5}}}};
  EXPECT_EQ(server_.modern("tools/call", params)["result"]["resultType"], "complete");
  const json error = server_.modern("tools/call", {{"name", "failing_job"}})["error"];
  EXPECT_EQ(error["code"], -32021);
  EXPECT_EQ(server_.modern("tasks/get", {{"taskId", "x"}})["error"]["code"], -32021);
}

TEST_F(TaskServer, ACancelledOneStaysCancelled) {
  const json task = begin("slow_compute", {{"seconds", 60}});
  EXPECT_EQ(ask("tasks/cancel", {{"taskId", task["taskId"]}})["result"]["resultType"], "complete");
  EXPECT_EQ(status(task)["status"], "cancelled");
  // Its place is free again, and it ends with the server as everything does.
  EXPECT_EQ(begin("slow_compute", {{"seconds", 0}})["resultType"], "complete");
  server_.close_stdin();
  EXPECT_EQ(server_.wait(), 0);
}

TEST_F(TaskServer, QuestionsOfATaskAreAnsweredThroughIt) {
  const json task = begin("confirm_delete", {{"filename", "a.txt"}});
  const json asks = once_it_is(task, "input_required");
  EXPECT_EQ(asks["inputRequests"]["confirm"]["method"], "elicitation/create");
  ask("tasks/update",
      {{"taskId", task["taskId"]}, {"inputResponses", {{"confirm", {{"action", "accept"}}}}}});
  EXPECT_EQ(text_of(once_it_is(task, "completed")["result"]), "deleted");
}

TEST_F(TaskServer, WhatBreaksIsFailedAndWhatFailsIsCompleted) {
  const json broken = once_it_is(begin("protocol_error_job"), "failed");
  EXPECT_TRUE(broken["error"]["code"].is_number());
  const json failed = once_it_is(begin("failing_job"), "completed");
  EXPECT_EQ(failed["result"]["isError"], true);
}

TEST_F(TaskServer, OneThatRunsEndsWithTheClient) {
  begin("slow_compute", {{"seconds", 60}});
  server_.close_stdin();
  EXPECT_EQ(server_.wait(), 0);
}

TEST_F(TaskServer, AnUnknownOneIsRefused) {
  for (const char* method : {"tasks/get", "tasks/cancel"})
    EXPECT_EQ(ask(method, {{"taskId", "nope"}})["error"]["code"], -32602) << method;
  EXPECT_EQ(ask("tasks/list", json::object())["error"]["code"], -32601);
}

}  // namespace opsroom::test

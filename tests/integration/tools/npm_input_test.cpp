#include "integration/tools/asking_recorder.hpp"
#include "integration/tools/npm_fixture.hpp"

// What server-everything asks for while it works.

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class NpmInput : public Npm {
 protected:
  ToolResult go(const std::string& tool, Json arguments = Json::object()) {
    auto calling = run_tools().call(make_call(tool, std::move(arguments)), person, stop);
    return io.run(std::move(calling), 60s);
  }

  static std::string text(const ToolResult& result) { return result.output.value("text", ""); }

  AskingRecorder person;
};

// One server for all three: each start of node costs a second on a busy machine.
TEST_F(NpmInput, EverythingAsksAPersonHasAPageVisitedAndSamplesByATool) {
  add("everything", {});
  add_server("planner", {"python3", OPSROOM_FIXTURES "/input_server.py", "legacy"});
  config.sources["everything"].sampling_tool = "planner.echo";
  person.answers["Please provide inputs for the following fields:"] =
      accept(Json{{"name", "Ada"}, {"check", true}});
  const ToolResult asked = go("everything.trigger-elicitation-request");
  EXPECT_TRUE(asked.succeeded) << asked.error;
  EXPECT_THAT(text(asked), AllOf(HasSubstr("Ada"), HasSubstr("dark and stormy")));

  person.answers["sign here"] = accept(nullptr);
  Json page{{"url", "https://example.org/"}, {"message", "sign here"}};
  EXPECT_THAT(text(go("everything.trigger-url-elicitation", page)), HasSubstr("completed"));
  page["errorPath"] = true;
  const ToolResult aside = go("everything.trigger-url-elicitation", page);
  ASSERT_TRUE(aside.suspended) << aside.error;
  ToolCall again = make_call("everything.trigger-url-elicitation", page);
  again.resume = aside.suspended->state;
  again.answers[aside.suspended->asks.at(0).key] = accept(nullptr);
  auto calling = run_tools().call(std::move(again), person, stop);
  const ToolResult visited = io.run(std::move(calling), 60s);
  EXPECT_THAT(text(visited), HasSubstr("completed")) << visited.error;

  const ToolResult sampled =
      go("everything.trigger-sampling-request", Json{{"prompt", "a riddle"}, {"maxTokens", 5}});
  EXPECT_TRUE(sampled.succeeded) << sampled.error;
  EXPECT_THAT(text(sampled), AllOf(HasSubstr("a riddle"), HasSubstr("endTurn")));
}

TEST_F(NpmInput, EverythingResearchesAsATaskThatAsks) {
  add("everything", {});
  person.answers
      ["The research query \"python\" could have multiple interpretations. "
       "Please clarify what you're looking for:"] = accept(Json{{"interpretation", "snake"}});
  const ToolResult result =
      go("everything.simulate-research-query", Json{{"topic", "python"}, {"ambiguous", true}});
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_THAT(text(result), HasSubstr("python (snake)"));
  EXPECT_THAT(person.text("task"), HasSubstr("Gathering sources"));
}

TEST_F(NpmInput, EverythingsResearchIsCancelled) {
  add("everything", {});
  person.on_sign = [this] { stop.request(StopReason::canceled); };
  const ToolResult result = go("everything.simulate-research-query", Json{{"topic", "x"}});
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
}

}  // namespace
}  // namespace opsroom::tools::test

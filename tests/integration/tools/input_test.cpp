#include "base/files.hpp"
#include "integration/tools/asking_recorder.hpp"

// Calls whose servers ask for something, with real processes.

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Input : public ToolsTest {
 protected:
  SourceConfig& add_input(const std::string& era, Scope scope = Scope::lane) {
    return add_server("input", {"python3", OPSROOM_FIXTURES "/input_server.py", era}, scope);
  }

  /// A tool of another server that answers sampling with what it was asked.
  void answer_sampling() {
    add_server("planner", {"python3", OPSROOM_FIXTURES "/input_server.py", "legacy"});
    config.sources["input"].sampling_tool = "planner.echo";
  }

  ToolResult go(ToolCall made) {
    auto calling = run_tools().call(std::move(made), person, stop);
    return io.run(std::move(calling), 60s);
  }
  ToolResult go(const std::string& tool) { return go(make_call(tool, Json::object())); }

  /// Goes on with a call as another process would: nothing but what is stored is left of it.
  ToolResult resume(const ToolResult& from, std::map<std::string, InputReply> answers = {}) {
    end_run();
    ToolCall made = make_call(tool_of(from), Json::object());
    made.resume = Json::parse(dump(from.suspended.value().state));
    made.answers = std::move(answers);
    return go(std::move(made));
  }

  static std::string tool_of(const ToolResult& result) { return result.records.at(0).tool; }

  AskingRecorder person;
};

TEST_F(Input, ALegacyQuestionIsAnsweredWhileTheCallWaits) {
  add_input("legacy");
  person.answers["What is your name?"] = accept(Json{{"name", "Ada"}});
  const ToolResult result = go("input.ask_name");
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], "Hello, Ada");
  ASSERT_EQ(result.records.size(), 1U);
  EXPECT_EQ(*result.records[0].server, "input 1 (2025-11-25)");
}

TEST_F(Input, TwoLegacyQuestionsAreAskedAtOnce) {
  add_input("legacy");
  person.answers["first?"] = accept(Json{{"name", "a"}});
  person.answers["second?"] = accept(Json{{"name", "b"}});
  person.only_together = 2;
  EXPECT_EQ(go("input.ask_twice").output["text"], "a and b");
}

TEST_F(Input, ALegacyQuestionThatNobodyAnswersNamesTheLimit) {
  add_input("legacy").input_limit = 50ms;
  const ToolResult result = go("input.ask_name");
  EXPECT_EQ(result.output["text"], "You said cancel");
  EXPECT_TRUE(result.succeeded) << "the tool made do without";
}

TEST_F(Input, AStopEndsALegacyQuestion) {
  add_input("legacy");
  person.on_ask = [this] { stop.request(StopReason::canceled); };
  const ToolResult result = go("input.ask_name");
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(person.open, 0);
}

TEST_F(Input, RootsAreTheLane) {
  add_input("legacy");
  EXPECT_EQ(go("input.where").output["text"], "file://" + lane.path().string());
}

TEST_F(Input, ModernRootsAreTheLane) {
  add_input("modern");
  EXPECT_EQ(go("input.where").output["text"], "file://" + lane.path().string());
}

TEST_F(Input, LegacySamplingIsAnsweredByATool) {
  add_input("legacy");
  answer_sampling();
  const ToolResult result = go("input.think");
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_THAT(result.output["text"].get<std::string>(), HasSubstr("Why?"));
}

TEST_F(Input, SamplingThatIsNotConfiguredIsRefused) {
  add_input("legacy");
  EXPECT_THAT(go("input.think").error, HasSubstr("refused: -1"));
}

TEST_F(Input, APageToVisitFirstPutsTheCallAside) {
  add_input("legacy", Scope::host);
  const ToolResult first = go("input.visit");
  ASSERT_TRUE(first.suspended) << first.error;
  EXPECT_EQ(first.suspended->asks.at(0).params["url"], "https://example.org/");
  const ToolResult second = resume(first, {{first.suspended->asks[0].key, accept(nullptr)}});
  EXPECT_EQ(second.output["text"], "visited") << second.error;
}

TEST_F(Input, AModernQuestionHoldsNoProcess) {
  add_input("modern", Scope::step);
  const ToolResult first = go("input.ask_name");
  ASSERT_TRUE(first.suspended) << first.error;
  EXPECT_THAT(children(), ::testing::IsEmpty());
  EXPECT_TRUE(person.asked.empty()) << "whoever stores it asks";
  const ToolResult second = resume(first, {{"name", accept(Json{{"name", "Ada"}})}});
  EXPECT_EQ(second.output["text"], "Hello, Ada") << second.error;
  EXPECT_EQ(second.records.at(0).round, 2);
}

TEST_F(Input, ATaskGoesOnInAnotherProcessAndAsksThere) {
  const TemporaryDirectory tasks;
  add_input("modern").environment["INPUT_TASKS"] = tasks.path().string();
  const ToolResult begun = go("input.job");
  ASSERT_TRUE(begun.suspended) << begun.error;
  EXPECT_EQ(begun.suspended->look_again, Milliseconds(1000));
  const ToolResult asking = resume(begun);
  ASSERT_TRUE(asking.suspended) << asking.error;
  ASSERT_EQ(asking.suspended->asks.size(), 1U);
  const ToolResult done = resume(asking, {{"name", accept(Json{{"name", "Ada"}})}});
  EXPECT_EQ(done.output["text"], "Hello, Ada") << done.error;
}

TEST_F(Input, ATaskThatDiedWithItsProcessIsAnUnknownOutcome) {
  add_input("modern");
  const ToolResult begun = go("input.job");
  ASSERT_TRUE(begun.suspended) << begun.error;
  const ToolResult lost = resume(begun);
  EXPECT_EQ(lost.delivery, Delivery::unknown);
  EXPECT_THAT(lost.error, HasSubstr("no longer knows its task 'task-1'"));
  EXPECT_THAT(lost.hint, HasSubstr("taskHold"));
}

}  // namespace
}  // namespace opsroom::tools::test

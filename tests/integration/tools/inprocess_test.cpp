// Plugins in the host's own process: the same outcomes as in one of their own, except that the host
// cannot make them go away.
#include "integration/tools/inprocess_fixture.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* elicitation = "elicitation/create";

TEST_F(Inprocess, ACallIsAnsweredByAThreadOfThisProcess) {
  add("guest");
  const ToolResult first = call("guest.thread");
  ASSERT_TRUE(first.succeeded) << first.error;
  EXPECT_EQ(first.delivery, Delivery::answered);
  EXPECT_TRUE(first.structured);
  const std::string id = first.output.at("thread");
  EXPECT_TRUE(fs::exists("/proc/self/task/" + id));
  EXPECT_NE(id, std::to_string(::gettid()));
  // It is not concurrent: one thread does all.
  EXPECT_EQ(call("guest.thread").output.at("thread"), id);
}

TEST_F(Inprocess, ACallIsRecordedLikeAnyOther) {
  add("fixture");
  const ToolResult result = call("fixture.echo", {{"text", "hi"}});
  ASSERT_THAT(result.records, SizeIs(1));
  const CallRecord& record = result.records.front();
  EXPECT_EQ(record.tool, "fixture.echo");
  EXPECT_EQ(*record.server, "fixture 1.0.0 (in process)");
  EXPECT_EQ(record.argument_sha256, sha256_hex(R"({"text":"hi"})"));
  EXPECT_EQ(record.delivery, Delivery::answered);
  EXPECT_EQ(record.outcome, "succeeded");
  EXPECT_GT(record.bytes_received, 0);
}

TEST_F(Inprocess, ArgumentsThatDoNotFitNeverReachThePlugin) {
  add("fixture");
  const ToolResult result = call("fixture.echo", {{"text", 7}});
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("/text"));
  EXPECT_THAT(result.records, SizeIs(0));
}

TEST_F(Inprocess, TheToolIsToldWhereAndForWhomItWorks) {
  add("fixture");
  const std::string said = call("fixture.where").output.at("text");
  EXPECT_THAT(said, StartsWith(lane.path().string() + " "));
  const Json context = Json::parse(said.substr(lane.path().string().size() + 1));
  EXPECT_EQ(context.at("run"), 42);
  EXPECT_EQ(context.at("step"), "step");
  EXPECT_EQ(context.at("attempt"), 1);
  EXPECT_EQ(context.at("idempotencyKey"), "run-42-step");
  EXPECT_GT(context.at("deadlineMs").get<std::int64_t>(), 1'700'000'000'000);
}

TEST_F(Inprocess, LogsComeInOrderAndAllOfThem) {
  add("guest");
  constexpr int lines = 300;
  // More than may wait: the plugin's thread has to.
  const ToolResult result = call("guest.talk", {{"lines", lines}, {"size", 10'000}});
  ASSERT_TRUE(result.succeeded) << result.error;
  ASSERT_THAT(recorder.logs, SizeIs(lines));
  for (int i = 0; i < lines; ++i) {
    const auto& [stream, text] = recorder.logs[static_cast<std::size_t>(i)];
    ASSERT_EQ(stream, "stdout");
    ASSERT_THAT(text, StartsWith(std::to_string(i) + "."));
  }
  EXPECT_TRUE(std::is_sorted(recorder.progresses.begin(), recorder.progresses.end()));
  EXPECT_EQ(recorder.progresses.back(), lines);
}

TEST_F(Inprocess, WhatIsBelowTheLogLevelIsNotHeard) {
  add("fixture").log_level = "warning";
  call("fixture.levels");
  EXPECT_EQ(recorder.text("levels"), "w\ne\n");
}

TEST_F(Inprocess, AnArtifactIsHandedIn) {
  add("fixture");
  const ToolResult result = call("fixture.artifact");
  ASSERT_THAT(result.artifacts, SizeIs(1));
  EXPECT_EQ(result.artifacts[0].name, "logs/a b.txt");
  EXPECT_EQ(result.artifacts[0].media_type, "text/plain");
  EXPECT_EQ(result.artifacts[0].content, std::string("one\0two", 7));
}

TEST_F(Inprocess, ItsSettingsAreTheOperators) {
  Json plugin = entry("guest");
  plugin["config"] = {{"greeting", "good morning"}};
  add("guest", plugin);
  EXPECT_EQ(call("guest.greet").output.at("text"), "good morning");
}

TEST_F(Inprocess, ASecretIsTheOperatorsAndNeverThisProcesss) {
  ::setenv("OPSROOM_TEST_LEAK", "the host's", 1);
  Json plugin = entry("guest");
  plugin["env"] = {{"TOKEN", "its own"}};
  add("guest", plugin);
  EXPECT_EQ(call("guest.secret", {{"name", "TOKEN"}}).output.at("text"), "its own");
  EXPECT_EQ(call("guest.secret", {{"name", "OPSROOM_TEST_LEAK"}}).output.at("text"), "none");
  EXPECT_EQ(call("guest.secret", {{"name", "OPSROOM_PLUGIN_CONFIG"}}).output.at("text"), "none");
}

TEST_F(Inprocess, ExecStreamsLines) {
  add("exec");
  const ToolResult result = call("exec.run", {{"command", {"sh", "-c", "echo one; echo two"}}});
  ASSERT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output.at("exit_code"), 0);
  EXPECT_EQ(recorder.text("stdout"), "one\ntwo\n");
}

/// It has less time to leave than the host gives it, or its thread would be lost.
TEST_F(Inprocess, ExecLeavesInTimeThoughItsProgramIsDeaf) {
  add("exec");
  stop_when_begun(StopReason::canceled);
  const ToolResult result = call(
      "exec.run", {{"command", {"sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 60; done"}}}
  );
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(box().inprocess().lost_threads(), 0u);
}

TEST_F(Inprocess, AQuestionPutsTheCallAsideAndTheAnswerGoesOnWithIt) {
  add("fixture");
  const ToolResult asked = call("fixture.ship");
  ASSERT_TRUE(asked.suspended) << asked.error;
  ASSERT_THAT(asked.suspended->asks, SizeIs(1));
  EXPECT_EQ(asked.suspended->asks[0].method, elicitation);
  EXPECT_THAT(asked.suspended->why, StartsWith("plugin 'fixture' asks: Push build "));
  EXPECT_EQ(asked.records.front().outcome, "input_required");
  end_run();
  ToolCall again = make_call("fixture.ship", Json::object());
  again.resume = asked.suspended->state;
  InputReply yes;
  yes.action = InputAction::accept;
  yes.content = {{"approved", true}};
  again.answers[asked.suspended->asks[0].key] = yes;
  const ToolResult shipped = io.run(run_tools().call(again, recorder, stop), 30s);
  ASSERT_TRUE(shipped.succeeded) << shipped.error;
  EXPECT_EQ(shipped.output.at("approved"), true);
  EXPECT_EQ(shipped.records.front().round, 2);
  const std::string build = std::to_string(shipped.output.at("built").get<int>());
  EXPECT_THAT(asked.suspended->why, HasSubstr("build " + build + "?"));
}

TEST_F(Inprocess, AQuestionOfAProcessIsNotGoneOnWithHere) {
  add_outside("fixture");
  const ToolResult asked = call("outside.ship");
  ASSERT_TRUE(asked.suspended) << asked.error;
  add("fixture");
  box().reload(config);
  ToolCall again = make_call("fixture.ship", Json::object());
  again.resume = asked.suspended->state;
  const ToolResult result = io.run(run_tools().call(again, recorder, stop), 30s);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("in a process of its own"));
}

TEST_F(Inprocess, APoliteToolLeavesWhenItIsStopped) {
  add("fixture");
  stop_when_begun(StopReason::canceled);
  const ToolResult result = call("fixture.wait");
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "fixture.wait was stopped: canceled");
  EXPECT_EQ(box().inprocess().lost_threads(), 0u);
}

TEST_F(Inprocess, SilenceEndsACall) {
  add("fixture");
  call_timeout = 50ms;
  const ToolResult result = call("fixture.wait");
  EXPECT_TRUE(result.timed_out);
  EXPECT_THAT(result.error, HasSubstr("fixture.wait"));
  EXPECT_EQ(result.records.front().outcome, "timed_out");
}

TEST_F(Inprocess, AThreadThatDoesNotReturnIsLostAndThePluginRetired) {
  add("guest");
  std::vector<bool> told;
  box().inprocess().on_lost_thread([&told](bool at_once) { told.push_back(at_once); });
  const std::string fifo = make_fifo();
  stop_when_begun(StopReason::canceled);
  const ToolResult result = call("guest.hang", {{"fifo", fifo}});
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "guest.hang was stopped: canceled");
  EXPECT_THAT(result.hint, AllOf(HasSubstr("did not return within 2 s"), HasSubstr("isolation")));
  EXPECT_THAT(told, ElementsAre(false));
  EXPECT_EQ(box().inprocess().lost_threads(), 1u);
  recorder.on_sign = [] {};
  Stop fresh(io.executor());
  const ToolResult next =
      io.run(run_tools().call(make_call("guest.thread", Json::object()), recorder, fresh), 30s);
  EXPECT_EQ(next.delivery, Delivery::not_sent);
  EXPECT_THAT(next.error, HasSubstr("plugin 'guest' is not used any more"));
  let_go();
}

TEST_F(Inprocess, AThreadLostWithItsLeaseMustGoAtOnce) {
  add("guest");
  std::vector<bool> told;
  box().inprocess().on_lost_thread([&told](bool at_once) { told.push_back(at_once); });
  const std::string fifo = make_fifo();
  stop_when_begun(StopReason::lease_lost);
  call("guest.hang", {{"fifo", fifo}});
  EXPECT_THAT(told, ElementsAre(true));
  let_go();
}

TEST_F(Inprocess, OtherBytesThanAllowedAreNotLoaded) {
  Json plugin = entry("guest");
  plugin["sha256"] = std::string(64, 'a');
  add("guest", plugin);
  const ToolResult result = call("guest.thread");
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(
      result.error,
      AllOf(
          HasSubstr("plugin 'guest' cannot be used"),
          HasSubstr(std::string(64, 'a')),
          HasSubstr(sha256_of_file(library("guest"))),
          HasSubstr("/plugins/guest/sha256")
      )
  );
  EXPECT_THAT(result.hint, HasSubstr("new digest"));
}

TEST_F(Inprocess, WhatIsNoPluginSaysWhy) {
  add("wrong_abi");
  const ToolResult result = call("wrong_abi.x");
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("ABI 9"));
}

/// Each sin, and what is said of it.
struct Sin {
  const char* tool;
  const char* said;
};

class InprocessSin : public Inprocess, public ::testing::WithParamInterface<Sin> {};

TEST_P(InprocessSin, EndsAsInAProcessOfItsOwnAndRetiresThePlugin) {
  add("misbehaving");
  add_outside("misbehaving");
  const ToolResult result = call(std::string("misbehaving.") + GetParam().tool);
  EXPECT_THAT(result.error, HasSubstr(GetParam().said));
  const ToolResult outside = call(std::string("outside.") + GetParam().tool);
  EXPECT_EQ(result.error, outside.error);
  EXPECT_EQ(result.delivery, outside.delivery);
  EXPECT_EQ(result.succeeded, outside.succeeded);
  EXPECT_EQ(result.output.json(), outside.output.json());
  const ToolResult next = call("misbehaving.print");
  EXPECT_EQ(next.delivery, Delivery::not_sent);
  EXPECT_THAT(
      next.error,
      AllOf(HasSubstr("plugin 'misbehaving' is not used any more"), HasSubstr(GetParam().said))
  );
}

INSTANTIATE_TEST_SUITE_P(
    All,
    InprocessSin,
    ::testing::Values(
        Sin{"twice", "it handed in two results"},
        Sin{"none", "it returned without a result"},
        Sin{"bad_json", "its result is no JSON object in UTF-8"},
        Sin{"bad_utf8", "its result is no JSON object in UTF-8"},
        Sin{"no_content", "its result has no content array"},
        Sin{"broken", "the plugin says it is broken"},
        Sin{"odd_status", "it returned the unknown status 77"},
        Sin{"false_cancel", "it says it was cancelled, but nobody cancelled it"}
    ),
    [](const auto& info) { return std::string(info.param.tool); }
);

TEST_F(Inprocess, WhatComesAfterTheReturnIsIgnoredAndRetiresThePlugin) {
  add("misbehaving");
  const ToolResult result = call("misbehaving.late");
  EXPECT_TRUE(result.succeeded) << result.error;
  const auto patience = Clock::now() + 30s;
  while (box().inprocess().retired().empty() && Clock::now() < patience)
    io.run(pause_for(1ms));
  const ToolResult next = call("misbehaving.print");
  EXPECT_EQ(next.delivery, Delivery::not_sent);
  EXPECT_THAT(next.error, HasSubstr("late: it went on after invoke() had returned"));
  EXPECT_THAT(recorder.logs, SizeIs(0));
}

TEST_F(Inprocess, AToolThatItListsAndDoesNotKnowWasNotBegun) {
  add("misbehaving");
  const ToolResult result = call("misbehaving.unlisted");
  EXPECT_EQ(result.delivery, Delivery::rejected);
  EXPECT_EQ(result.error, "Unknown tool: unlisted");
}

class InprocessGood : public Inprocess, public ::testing::WithParamInterface<const char*> {};

TEST_P(InprocessGood, EndsAsInAProcessOfItsOwn) {
  add("fixture");
  add_outside("fixture");
  const Json arguments =
      GetParam() == std::string("echo") ? Json{{"text", "a"}, {"times", 3}} : Json::object();
  const ToolResult inside = call(std::string("fixture.") + GetParam(), arguments);
  const ToolResult outside = call(std::string("outside.") + GetParam(), arguments);
  EXPECT_EQ(inside.error, outside.error);
  EXPECT_EQ(inside.delivery, outside.delivery);
  EXPECT_EQ(inside.succeeded, outside.succeeded);
  EXPECT_EQ(inside.output.json(), outside.output.json());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    InprocessGood,
    ::testing::Values("echo", "throws", "throws_int"),
    [](const auto& info) { return std::string(info.param); }
);

}  // namespace
}  // namespace opsroom::tools::test

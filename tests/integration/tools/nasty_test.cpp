#include "base/files.hpp"
#include "integration/tools/fixture.hpp"

#include <fstream>

// One misbehaving server a test: exact outcome, message, time, and nothing left (the fixture
// looks).

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class Nasty : public ToolsTest {};

TEST_F(Nasty, APoliteServerAnswers) {
  add_nasty("polite");
  const ToolResult result = call();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_EQ(result.output.json(), (Json{{"text", "done"}}));
}

TEST_F(Nasty, DeathAtStartIsNamedWithStatusAndLastWords) {
  add_nasty("dies_at_start");
  const ToolResult result = call();
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(
      result.error,
      AllOf(HasSubstr("server 'nasty' exited with 3"), HasSubstr("cannot find my configuration"))
  );
}

TEST_F(Nasty, DeathOnTheProbeIsFollowedByALegacyStart) {
  add_nasty("dies_on_probe");
  EXPECT_TRUE(call().succeeded);
}

TEST_F(Nasty, TheVerdictOfADeadlyProbeIsRemembered) {
  add_nasty("dies_on_probe", Scope::step);
  EXPECT_TRUE(call().succeeded);
  recorder.logs.clear();
  const double second = milliseconds([&] { EXPECT_TRUE(call().succeeded); });
  EXPECT_LT(second, soon(2000));
}

TEST_F(Nasty, DeathInACallIsUnknownAndFast) {
  add_nasty("dies_mid_call");
  const ToolResult result = call();
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_FALSE(result.timed_out);
  EXPECT_THAT(
      result.error,
      AllOf(HasSubstr("server 'nasty' exited with 7"), HasSubstr("fatal: out of cheese"))
  );
  EXPECT_THAT(recorder.text("stderr"), HasSubstr("about to fail"));
}

TEST_F(Nasty, DeathIsNoticedWithinFiftyMilliseconds) {
  add_nasty("dies_with_a_timestamp");
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::string error = call().error;
    const double now =
        std::chrono::duration<double, std::milli>(Clock::now().time_since_epoch()).count();
    const std::string mark = "died at ";
    const auto at = error.rfind(mark);
    ASSERT_NE(at, std::string::npos) << error;
    best = std::min(best, now - std::stod(error.substr(at + mark.size())) / 1000);
  }
  RecordProperty("milliseconds", std::to_string(best));
  EXPECT_LT(best, 50);
}

TEST_F(Nasty, ASignalIsNamed) {
  add_nasty("killed_mid_call");
  EXPECT_THAT(call().error, HasSubstr("killed by SIGKILL"));
}

TEST_F(Nasty, AnAnswerBeforeDeathStillCounts) {
  add_nasty("answers_and_dies");
  const ToolResult result = call();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], "last words");
}

TEST_F(Nasty, ADaemonThatHoldsThePipeDoesNotHideTheDeath) {
  const auto pid_file = lane.path() / "daemon.pid";
  add_nasty("daemon_survives_death").environment["NASTY_PID_FILE"] = pid_file.string();
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(3000));
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_THAT(result.error, HasSubstr("exited with 5"));
}

TEST_F(Nasty, SilenceOnTheProbeCostsThreeSecondsOnce) {
  add_nasty("silent_on_probe", Scope::step);
  EXPECT_LT(milliseconds([&] { EXPECT_TRUE(call().succeeded); }), soon(4500));
  EXPECT_LT(milliseconds([&] { EXPECT_TRUE(call().succeeded); }), soon(2000));
}

TEST_F(Nasty, SilenceInACallTimesOutAndEndsTheServer) {
  add_nasty("never_answers").timeout = 300ms;
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(3000));
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "nasty.work gave no answer and no progress for 300 ms");
  EXPECT_THAT(result.hint, HasSubstr("\"timeout\""));
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(Nasty, TheStepsOwnTimeoutBeatsTheSources) {
  add_nasty("never_answers");
  call_timeout = 300ms;
  EXPECT_LT(milliseconds([&] { EXPECT_TRUE(call().timed_out); }), soon(3000));
}

TEST_F(Nasty, SilenceAtTheOpeningEndsWithTheStepsTimeout) {
  add_nasty("never_opens");
  call_timeout = 3500ms;
  const ToolResult result = call();
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("server 'nasty' did not"));
}

TEST_F(Nasty, ACancelEndsAServerThatIsStillStarting) {
  add_nasty("slow_start");
  stop_after(200ms, StopReason::canceled);
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(2000));
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(Nasty, ALateAnswerAndLateProgressAreIgnored) {
  add_nasty("answers_after_cancel", Scope::host).timeout = 200ms;
  EXPECT_TRUE(call().timed_out);
  const ToolResult second = call("nasty.work", Json{{"quick", true}});
  EXPECT_EQ(second.output["text"], "second");
  EXPECT_EQ(recorder.progresses, std::vector<double>{1});
}

TEST_F(Nasty, AnAnswerWithinTheGraceOfACancelIsKept) {
  add_nasty("answers_after_cancel");
  stop_when_begun(StopReason::canceled);
  const ToolResult result = call();
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_EQ(result.output["text"], "late answer");
}

TEST_F(Nasty, GarbageAndBannersAreSkipped) {
  add_nasty("garbage");
  const ToolResult result = call();
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], "clean");
}

TEST_F(Nasty, AMessageBeyondTheLimitFailsOneCallAndNotTheServer) {
  add_nasty("huge_line");
  const ToolResult result = call();
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_THAT(result.error, HasSubstr("larger than the limit"));
  EXPECT_EQ(call("nasty.work", Json{{"small", true}}).output["text"], "small again");
}

TEST_F(Nasty, StrayAndDoubleAnswersAreIgnored) {
  add_nasty("stray_ids");
  EXPECT_EQ(call().output["text"], "yours");
  EXPECT_EQ(call().output["text"], "yours");
}

TEST_F(Nasty, AnIdThatComesBackAsAStringIsUnderstood) {
  add_nasty("string_id");
  EXPECT_EQ(call().output["text"], "as a string");
}

TEST_F(Nasty, AnAnswerThatIsBothResultAndErrorFailsAtOnce) {
  add_nasty("both_result_and_error");
  const ToolResult result = call();
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.error, HasSubstr("bad answer: both result and error"));
}

TEST_F(Nasty, ADeafServerAndItsDaemonAreKilled) {
  const auto pid_file = lane.path() / "daemon.pid";
  add_nasty("deaf").environment["NASTY_PID_FILE"] = pid_file.string();
  stop_when_begun(StopReason::canceled);
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(6500));
  EXPECT_TRUE(result.canceled);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  ASSERT_TRUE(std::filesystem::exists(pid_file));
  EXPECT_FALSE(exists(std::stoi(read_file(pid_file))));
}

TEST_F(Nasty, ALostLeaseKillsWithoutGrace) {
  add_nasty("deaf");
  stop_when_begun(StopReason::lease_lost);
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(1500));
  EXPECT_TRUE(result.canceled);
}

TEST_F(Nasty, AFloodOnStderrNeitherBlocksNorGrows) {
  add_nasty("floods_stderr");
  const ToolResult result = call();
  EXPECT_EQ(result.output["text"], "after the noise");
  EXPECT_THAT(recorder.text("stderr"), HasSubstr("the end of the noise"));
}

TEST_F(Nasty, AFloodOfProgressIsMadeMonotonicAndEndsWithTheCall) {
  add_nasty("floods_progress");
  EXPECT_EQ(call().output["text"], "counted");
  EXPECT_EQ(recorder.progresses.size(), 15000U);
  EXPECT_TRUE(std::is_sorted(recorder.progresses.begin(), recorder.progresses.end()));
}

TEST_F(Nasty, ProgressKeepsACallAlive) {
  add_nasty("keeps_alive").timeout = 3s;
  EXPECT_EQ(call().output["text"], "slowly");
}

TEST_F(Nasty, ProgressDoesNotBeatTheTotal) {
  add_nasty("progress_forever").max_total = 600ms;
  const ToolResult result = call();
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.error, "nasty.work took longer than 600 ms in total");
}

TEST_F(Nasty, AsksInsideACallAreAnsweredWithTheLaneAsRoot) {
  add_nasty("asks_roots");
  const ToolResult result = call();
  ASSERT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["roots"]["roots"][0]["uri"], mcp::file_uri(lane.path()));
  EXPECT_EQ(result.output["roots_id"], "r-1");
  EXPECT_EQ(result.output["ping"], Json::object());
  EXPECT_EQ(result.output["sampling"], -1) << "refused as if by a person: none is configured";
  EXPECT_TRUE(result.output["declared"].contains("roots"));
}

TEST_F(Nasty, OnlyLaneServersAreToldARoot) {
  add_nasty("asks_roots", Scope::step);
  const ToolResult result = call();
  ASSERT_TRUE(result.succeeded) << result.error;
  EXPECT_TRUE(result.output["roots"].is_null());
  EXPECT_FALSE(result.output["declared"].contains("roots"));
}

TEST_F(Nasty, AModernServerGetsItsMetaEverywhere) {
  add_nasty("modern");
  EXPECT_EQ(io.run(box().describe("nasty.work")).name, "nasty.work");
  const ToolResult result = call();
  ASSERT_TRUE(result.succeeded) << result.error;
  const Json& meta = result.output["meta"];
  EXPECT_EQ(meta["io.opsroom/call"]["run"], 42);
  EXPECT_EQ(meta["io.opsroom/call"]["workdir"], lane.path().string());
  EXPECT_EQ(meta["io.opsroom/call"]["idempotencyKey"], "run-42-step");
  EXPECT_TRUE(meta.contains("progressToken"));
}

TEST_F(Nasty, AVersionErrorThatNamesOursIsModern) {
  add_nasty("modern_by_error");
  EXPECT_EQ(call().output["meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
}

TEST_F(Nasty, AVersionErrorThatNamesOthersIsRefused) {
  add_nasty("modern_elsewhere");
  const ToolResult result = call();
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_EQ(result.error, "server 'nasty' speaks MCP 2031-01-01 only");
}

TEST_F(Nasty, UnfinishedResultsAreClearFailures) {
  add_nasty("result_types");
  EXPECT_THAT(
      call("nasty.work", Json{{"type", "input_required"}}).error,
      HasSubstr("input_required, but not what is required")
  );
  EXPECT_THAT(
      call("nasty.work", Json{{"type", "novel"}}).error, HasSubstr("unknown resultType 'novel'")
  );
  EXPECT_TRUE(call("nasty.work", Json{{"type", "complete"}}).succeeded);
}

TEST_F(Nasty, ArtifactsAreDecoded) {
  add_nasty("artifact");
  const ToolResult result = call();
  ASSERT_EQ(result.artifacts.size(), 1U) << result.error;
  EXPECT_EQ(result.artifacts[0].name, "report.bin");
  EXPECT_EQ(result.artifacts[0].content, std::string("hello\0world", 11));
  EXPECT_EQ(result.output["text"], "one\ntwo");
}

TEST_F(Nasty, EveryNoHasItsOutcome) {
  add_nasty("fails");
  const ToolResult tool = call("nasty.work", Json{{"how", "isError"}});
  EXPECT_EQ(tool.delivery, Delivery::answered);
  EXPECT_EQ(tool.error, "disk on fire");
  EXPECT_EQ(tool.output["code"], 5);
  EXPECT_EQ(call("nasty.work", Json{{"how", "-32602"}}).delivery, Delivery::rejected);
  EXPECT_EQ(call("nasty.work", Json{{"how", "-32603"}}).delivery, Delivery::answered);
}

TEST_F(Nasty, AnEmptyCursorIsFollowed) {
  add_nasty("pages");
  const auto tools = io.run(box().list("nasty"));
  ASSERT_EQ(tools.size(), 3U);
  EXPECT_EQ(tools[2].name, "nasty.c");
}

TEST_F(Nasty, EndlessPagesAreAFailure) {
  add_nasty("endless_pages");
  EXPECT_THAT(describe_failure("nasty.work"), HasSubstr("its tools/list does not end"));
}

TEST_F(Nasty, LogsArriveInOrderAndStopWithTheCall) {
  add_nasty("logs");
  recorder.slowness = 20ms;
  EXPECT_EQ(call().output["text"], "logged");
  EXPECT_EQ(recorder.text("stdout"), "line 1\nline 2\n");
  EXPECT_EQ(recorder.text("warning"), "{\"n\":1}\n");
  EXPECT_EQ(recorder.text("stderr"), "from stderr\n");
  for (const auto& [stream, text] : recorder.logs)
    EXPECT_THAT(text, Not(HasSubstr("after the end")));
}

TEST_F(Nasty, AClosedStdoutIsTheEnd) {
  add_nasty("closes_stdout");
  ToolResult result;
  EXPECT_LT(milliseconds([&] { result = call(); }), soon(3000));
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_THAT(result.error, HasSubstr("closed its standard output"));
}

TEST_F(Nasty, ACallTheServerNeverReadIsBounded) {
  add_nasty("stops_reading").timeout = 300ms;
  const ToolResult result = call("nasty.work", Json{{"big", std::string(8u << 20, 'x')}});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::unknown);
}

/// Three ask about the same tool at once; what each was told.
Task<> ask_for_failure(ProcessToolbox& box, std::vector<std::string>& told) {
  try {
    co_await box.describe("nasty.work");
  } catch (const Failure& failure) {
    told.push_back(failure.message());
  }
}

Task<> three_ask_at_once(
    asio::any_io_executor executor, ProcessToolbox& box, std::vector<std::string>& told
) {
  TaskGroup group(executor);
  const auto unexpected = [](std::exception_ptr) { ADD_FAILURE() << "no Failure"; };
  for (int i = 0; i < 3; ++i)
    group.start(ask_for_failure(box, told), unexpected);
  co_await group.wait_until_at_most(0);
}

TEST_F(Nasty, AListingThatFailsIsSharedAndTheNextOneTriesAnew) {
  const auto starts = lane.path() / "starts";
  add_server("nasty", {"sh", "-c", "echo start >> '" + starts.string() + "'; exit 3"});
  std::vector<std::string> told;
  io.run(three_ask_at_once(io.executor(), box(), told));
  ASSERT_EQ(told.size(), 3U);
  EXPECT_THAT(told, Each(HasSubstr("server 'nasty' exited with 3")));
  const std::string after_three = read_file(starts);
  io.run(ask_for_failure(box(), told));
  EXPECT_EQ(read_file(starts), after_three + after_three) << "as many starts for one as for three";
}

TEST_F(Nasty, ACancelledDescribeLeavesAtOnceAndShutdownEndsItsListing) {
  for (const char* mode : {"never_opens", "never_lists"}) {
    config.sources.clear();
    add_nasty(mode);
    ProcessToolbox fresh(io.executor(), spawner(), config, Paths{OPSROOM_PLUGINS, OPSROOM_RUNNER});
    std::optional<ToolDescriptor> found;
    EXPECT_LT(
        milliseconds([&] { found = io.run(within(500ms, fresh.describe("nasty.work"))); }),
        soon(1500)
    );
    EXPECT_FALSE(found.has_value());
    EXPECT_THAT(children(), Not(::testing::IsEmpty())) << "the listing goes on";
    EXPECT_LT(milliseconds([&] { io.run(fresh.shutdown()); }), soon(2000)) << mode;
    EXPECT_THAT(children(), ::testing::IsEmpty()) << mode;
  }
}

}  // namespace
}  // namespace opsroom::tools::test

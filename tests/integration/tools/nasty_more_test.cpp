#include "base/files.hpp"
#include "integration/tools/fixture.hpp"

#include <fstream>

// More misbehaving servers, one a test: exact outcome, message, time, and nothing left (the fixture
// looks).

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_counts = false;
#elif defined(__has_feature)
constexpr bool memory_counts =
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool memory_counts = true;
#endif

/// The most memory this process ever had resident, in MiB.
long most_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

class NastyMore : public ToolsTest {
 protected:
  SourceConfig& add(const std::string& mode) {
    return add_server("nasty", {"python3", OPSROOM_FIXTURES "/nasty_more.py", mode});
  }

  /// One call that must be over soon: the bound only tells an end from a hang.
  ToolResult timed_call(double at_most_ms, Json arguments = Json::object()) {
    ToolResult result;
    EXPECT_LT(milliseconds([&] { result = call("nasty.work", std::move(arguments)); }), at_most_ms);
    return result;
  }
};

TEST_F(NastyMore, ALineOfOneGibibyteFailsOneCallAndNeitherFillsTheMemoryNorEndsTheServer) {
  SourceConfig& source = add("gibibyte_line");
  source.timeout = source.max_total = 25s;
  std::ofstream("/proc/self/clear_refs") << "5";  // The highest mark is the present one again.
  const long before = most_memory();
  const ToolResult result = timed_call(20'000);
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_EQ(result.error, "server 'nasty': the answer is larger than the limit");
  EXPECT_EQ(timed_call(28'000, Json{{"small", true}}).output["text"], "small again");
  if (memory_counts) EXPECT_LT(most_memory() - before, 300);
}

TEST_F(NastyMore, JsonThatIsTooDeepFailsOneCall) {
  add("deep_json");
  const ToolResult result = timed_call(10'000, Json{{"levels", 100'000}});
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_EQ(result.error, "server 'nasty': bad answer: nested deeper than 128 levels");
  EXPECT_TRUE(call("nasty.work", Json{{"levels", 100}}).succeeded);
}

TEST_F(NastyMore, InvalidUtf8IsReplaced) {
  add("invalid_utf8");
  const ToolResult result = timed_call(10'000);
  EXPECT_TRUE(result.succeeded) << result.error;
  EXPECT_EQ(result.output["text"], "a\xEF\xBF\xBD\xEF\xBF\xBD(b");
}

TEST_F(NastyMore, AResultOfAnotherShapeThanPromisedIsAFailureThatSaysWhere) {
  add("lies_about_its_output");
  const std::string blame =
      "server 'nasty' lies about its schema: the result of nasty.work is not what its outputSchema "
      "says: ";
  const ToolResult wrong = timed_call(10'000, Json{{"say", {{"count", "three"}}}});
  EXPECT_FALSE(wrong.succeeded);
  EXPECT_EQ(wrong.delivery, Delivery::answered);
  EXPECT_THAT(wrong.error, AllOf(HasSubstr(blame), HasSubstr("at /count: ")));
  EXPECT_THAT(wrong.hint, HasSubstr("The call was carried out"));
  EXPECT_EQ(call().error, blame + "there is no structuredContent");
  EXPECT_TRUE(call("nasty.work", Json{{"say", {{"count", 3}}}}).succeeded);
}

TEST_F(NastyMore, AToolThatIsGoneIsNotCalled) {
  add("drops_its_tool");
  EXPECT_EQ(call().output["text"], "never again");
  const ToolResult second = timed_call(10'000);
  EXPECT_EQ(second.delivery, Delivery::not_sent);
  EXPECT_EQ(second.error, "unknown tool 'nasty.work': source 'nasty' has play");
  EXPECT_TRUE(call("nasty.play").succeeded);
}

TEST_F(NastyMore, AnAnswerInABatchIsTaken) {
  add("answers_in_a_batch");
  EXPECT_EQ(timed_call(10'000).output["text"], "in a batch");
  EXPECT_EQ(recorder.progresses, std::vector<double>{1});
}

TEST_F(NastyMore, AFloodOfPingsNeitherBlocksNorGrows) {
  add("floods_pings");
  EXPECT_EQ(timed_call(20'000).output["text"], "pinged");
  EXPECT_EQ(call("nasty.work", Json{{"quick", true}}).output["text"], "quiet");
}

TEST_F(NastyMore, AFloodOfUnknownNotificationsIsIgnored) {
  add("floods_notifications");
  EXPECT_EQ(timed_call(20'000).output["text"], "noted");
  EXPECT_THAT(recorder.progresses, ::testing::IsEmpty());
}

TEST_F(NastyMore, RequestsOfAModernServerAreNeverAnswered) {
  add("modern_that_asks");
  EXPECT_EQ(timed_call(10'000).output["heard"], Json::array());
  EXPECT_EQ(call().output["heard"], Json::array()) << "what had come between the two calls";
}

TEST_F(NastyMore, InputThatIsWantedForEverIsGivenUp) {
  add("wants_input_for_ever");
  const ToolResult result = timed_call(10'000);
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_EQ(result.error, "server 'nasty' wanted input 16 times in one call and was given up");
}

TEST_F(NastyMore, AForgottenTaskIsAnUnknownOutcome) {
  add("forgets_its_task").task_hold = 10s;
  const ToolResult result = timed_call(10'000);
  EXPECT_FALSE(result.succeeded);
  EXPECT_FALSE(result.suspended);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "server 'nasty' no longer knows its task 't-1': which task?");
}

TEST_F(NastyMore, AnErrorForNobodyAnswersNothing) {
  add("null_id").timeout = 300ms;
  const ToolResult result = timed_call(10'000);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "nasty.work gave no answer and no progress for 300 ms");
}

TEST_F(NastyMore, IdsThatOnlyResembleOursAnswerNothing) {
  add("float_ids");
  EXPECT_EQ(timed_call(10'000).output["text"], "this one");
}

TEST_F(NastyMore, AnErrorOfAnyShapeIsAnAnswer) {
  add("malformed_errors");
  const Json no_message{{"code", "x"}, {"message", 7}};
  for (const Json& error : {Json("oops"), Json::object(), Json::array({1}), no_message, Json()}) {
    const ToolResult result = timed_call(10'000, Json{{"error", error}});
    EXPECT_FALSE(result.succeeded) << error;
    EXPECT_EQ(result.delivery, Delivery::answered) << error;
    EXPECT_EQ(result.error, "error without a message (JSON-RPC error 0)") << error;
  }
}

TEST_F(NastyMore, AResultOfNoShapeIsABadAnswer) {
  add("malformed_results");
  const std::string bad = "server 'nasty': bad answer: ";
  const auto error_for = [&](const Json& result) {
    return timed_call(10'000, Json{{"result", result}}).error;
  };
  EXPECT_EQ(error_for(7), bad + "its result is not an object");
  EXPECT_EQ(error_for(nullptr), bad + "its result is not an object");
  const std::string neither = bad + "its result has neither content nor structuredContent";
  EXPECT_EQ(error_for(Json::object()), neither);
  EXPECT_EQ(error_for(Json{{"content", "text"}}), neither);
  const Json numeric{{"content", {{{"type", "text"}, {"text", 7}}}}};
  EXPECT_EQ(error_for(numeric), bad + "a text content has no text");
}

TEST_F(NastyMore, AServerThatFreezesItselfIsKilled) {
  add("freezes").timeout = 300ms;
  const ToolResult result = timed_call(20'000);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "nasty.work gave no answer and no progress for 300 ms");
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(NastyMore, AnExitWithZeroInACallIsUnknownAllTheSame) {
  add("leaves_in_silence");
  const ToolResult result = timed_call(soon(5000));
  EXPECT_FALSE(result.succeeded);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "server 'nasty' exited with 0, without a word on stderr");
}

TEST_F(NastyMore, ADaemonThatHoldsTheStdinDoesNotHideTheDeath) {
  add("leaves_its_stdin_behind");
  const ToolResult result = timed_call(soon(5000));
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "server 'nasty' exited with 0, without a word on stderr");
  end_run();
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(NastyMore, ADaemonThatGoesOnTalkingDoesNotHideTheDeath) {
  add("leaves_a_daemon_that_talks");
  recorder.slowness = 1ms;  // So that there is always a line that was not taken yet.
  const ToolResult result = timed_call(25'000);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "server 'nasty' exited with 13, without a word on stderr");
}

TEST_F(NastyMore, WhatIsNoMcpServerIsNamedByWhatItWrites) {
  add("only_talks").scope = Scope::step;
  call_timeout = 4s;
  const ToolResult result = timed_call(20'000);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_EQ(
      result.error,
      "server 'nasty' did not answer initialize in time; lines on its stdout that are no messages: "
      "2"
  );
  EXPECT_THAT(result.hint, HasSubstr("stderr"));
}

TEST_F(NastyMore, WhatAClosedStdinCannotTakeWasNotSentAndIsNotWaitedFor) {
  add("closes_stdin");
  EXPECT_EQ(call().output["text"], "the last I heard");
  const ToolResult second = timed_call(10'000);
  EXPECT_FALSE(second.succeeded);
  EXPECT_EQ(second.delivery, Delivery::not_sent);
  EXPECT_TRUE(second.worth_another_try);
  EXPECT_FALSE(second.timed_out);
  EXPECT_EQ(second.error, "server 'nasty' closed its standard input");
  // The next one has a new server.
  EXPECT_EQ(call().output["text"], "the last I heard");
}

TEST_F(NastyMore, AListOfHundredPagesIsReadToItsEnd) {
  add_nasty("hundred_pages");
  EXPECT_EQ(io.run(box().list("nasty"), 30s).size(), 2000U);
  EXPECT_EQ(call("nasty.work-99-19").output["text"], "done");
}

TEST_F(NastyMore, OfTwoToolsWithOneNameTheFirstCounts) {
  add("same_name_twice");
  const auto tools = io.run(box().list("nasty"));
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools[0].description, "first");
  EXPECT_EQ(timed_call(10'000).output["text"], "done");
}

TEST_F(NastyMore, AToolWithoutANameIsAFailure) {
  add("nameless_tools");
  const std::string error = "its answer to tools/list has an entry without a name";
  EXPECT_THAT(describe_failure("nasty.work"), HasSubstr(error));
  const ToolResult result = timed_call(10'000);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr(error));
}

TEST_F(NastyMore, AListThatIsNoneIsAFailure) {
  add("lists_no_array");
  const ToolResult result = timed_call(10'000);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("its answer to tools/list has no array \"tools\""));
}

TEST_F(NastyMore, AnUnknownProtocolVersionIsRefused) {
  add("unknown_version");
  const ToolResult result = timed_call(10'000);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_EQ(result.error, "server 'nasty' answered initialize with protocol version '1999-12-31'");
  EXPECT_EQ(result.hint, "opsroom speaks 2026-07-28 and 2024-11-05 to 2025-11-25.");
}

TEST_F(NastyMore, DeathInTheListingWasBeforeTheCall) {
  add("dies_in_the_list");
  const ToolResult result = timed_call(10'000);
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(
      result.error, AllOf(HasSubstr("server 'nasty' exited with 11"), HasSubstr("no tools today"))
  );
}

TEST_F(NastyMore, HalfAnAnswerIsNone) {
  add("dies_in_half_an_answer");
  const ToolResult result = timed_call(10'000);
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(result.error, "server 'nasty' exited with 12, without a word on stderr");
}

}  // namespace
}  // namespace opsroom::tools::test

#include "base/files.hpp"
#include "integration/tools/fixture.hpp"

#include <signal.h>

// What becomes of a step whose plugin is bad, through all that stands between a runbook and it. The
// fixture sees to it that no child, no descriptor and no thread is left behind.

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class BadPlugin : public ToolsTest {
 protected:
  SourceConfig& add(const std::string& name) {
    SourceConfig& source = add_plugin(name);
    source.library = std::string(OPSROOM_TEST_PLUGINS "/") + name + ".so";
    source.timeout = 10s;
    return source;
  }

  /// It failed as it should, and the next step finds a plugin that works.
  void expect_failure(const std::string& tool, const std::string& sentence) {
    const ToolResult result = call(tool);
    EXPECT_FALSE(result.succeeded);
    EXPECT_THAT(result.error, HasSubstr(sentence));
    const ToolResult next = call("misbehaving.leak");
    EXPECT_TRUE(next.succeeded) << next.error;
  }
};

Task<> death_of(int pid) {
  while (::kill(pid, 0) == 0)
    co_await pause_for(1ms);
}

struct Sin {
  const char* tool;
  const char* sentence;
};

class BadCall : public BadPlugin, public testing::WithParamInterface<Sin> {};

TEST_P(BadCall, FailsTheStepAndNothingElse) {
  if (std::string_view(GetParam().tool) == "segfault" && std::string_view(OPSROOM_SANITIZED) != "")
    GTEST_SKIP() << "sanitizers catch it before the kernel does";
  add("misbehaving");
  expect_failure(std::string("misbehaving.") + GetParam().tool, GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Each,
    BadCall,
    testing::Values(
        Sin{"segfault", "SIGSEGV"},
        Sin{"crash", "SIGABRT"},
        Sin{"exit", "plugin 'misbehaving' exited with 3"},
        Sin{"twice", "it handed in two results"},
        Sin{"none", "it returned without a result"},
        Sin{"bad_utf8", "its result is no JSON object in UTF-8"},
        Sin{"broken", "says it is broken"}
    ),
    [](const auto& each) { return std::string(each.param.tool); }
);

TEST_F(BadPlugin, ABigArtifactComesAsAFileOfTheLane) {
  add("fixture");
  const ToolResult result = call("fixture.big_artifact");
  ASSERT_TRUE(result.succeeded) << result.error;
  ASSERT_EQ(result.artifacts.size(), 1U);
  EXPECT_EQ(result.artifacts[0].name, "big.bin");
  EXPECT_EQ(result.artifacts[0].content, std::string(std::size_t{2} << 20, 'b'));
}

TEST_F(BadPlugin, ThatThrowsFailsTheStepInItsOwnWords) {
  add("fixture");
  const ToolResult result = call("fixture.throws");
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.error, HasSubstr("no luck today"));
}

TEST_F(BadPlugin, ThatAllocatesWithoutEndMeetsItsLimit) {
  if (std::string_view(OPSROOM_SANITIZED) != "")
    GTEST_SKIP() << "sanitizers reserve more address space than any sensible limit";
  add("fixture").environment[plugin_limits_variable] = "as=1G,core=0";
  const ToolResult result = call("fixture.allocate");
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.error, HasSubstr("out of memory"));
}

TEST_F(BadPlugin, ThatPrintsHarmsNobody) {
  add("misbehaving");
  const ToolResult result = call("misbehaving.print");
  EXPECT_TRUE(result.succeeded) << result.error;
}

TEST_F(BadPlugin, ThatCallsBackAfterItsReturnIsNotObeyed) {
  add("misbehaving");
  EXPECT_TRUE(call("misbehaving.late").succeeded);
  EXPECT_THAT(recorder.text("stderr"), testing::Not(HasSubstr("too late")));
}

TEST_F(BadPlugin, ThatHangsIsEndedAtItsTimeout) {
  add("misbehaving").timeout = 500ms;
  expect_failure("misbehaving.hang", "misbehaving.hang gave no answer and no progress for 500 ms");
}

TEST_F(BadPlugin, ThatForksWithoutEndTakesAllItsChildrenAlong) {
  add("misbehaving");
  stop_when_begun(StopReason::canceled);
  EXPECT_FALSE(call("misbehaving.bomb").succeeded);
  end_run();
  EXPECT_THAT(children(), testing::IsEmpty());
}

TEST_F(BadPlugin, ThatLeavesADaemonDoesNotLeaveIt) {
  add("misbehaving");
  const ToolResult result = call("misbehaving.daemon");
  ASSERT_TRUE(result.succeeded) << result.error;
  const int daemon = std::stoi(result.output.at("text").get<std::string>());
  end_run();
  io.run(death_of(daemon), 30s);
}

TEST_F(BadPlugin, OfAnotherAbiIsRefusedWithTheReason) {
  add("wrong_abi");
  EXPECT_THAT(describe_failure("wrong_abi.work"), HasSubstr("speaks plugin ABI 9"));
}

TEST_F(BadPlugin, ThatIsNoLibraryIsRefusedWithTheReason) {
  add("misbehaving").library = lane.path() / "text.so";
  write_file(lane.path() / "text.so", "#!/bin/sh\n");
  EXPECT_THAT(describe_failure("misbehaving.leak"), HasSubstr("not a shared library"));
}

TEST_F(BadPlugin, OfAnotherArchitectureIsRefusedWithTheReason) {
  std::string bytes = read_file(OPSROOM_TEST_PLUGINS "/no_entry.so");
  bytes.at(18) = 22;  // e_machine: s390
  add("misbehaving").library = lane.path() / "other.so";
  write_file(lane.path() / "other.so", bytes);
  EXPECT_THAT(describe_failure("misbehaving.leak"), HasSubstr("it was built for machine type 22"));
}

TEST_F(BadPlugin, WhoseSymbolsAreOursDoesNotReplaceThem) {
  add("clash");
  const ToolResult result = call("clash.work");
  EXPECT_TRUE(result.succeeded) << result.error;
}

}  // namespace
}  // namespace opsroom::tools::test

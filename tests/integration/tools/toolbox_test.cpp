#include "base/files.hpp"
#include "integration/tools/fixture.hpp"

#include <csignal>
#include <fstream>

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Toolbox : public ToolsTest {
 protected:
  int pid_of_who() { return call("nasty.work").output["pid"].get<int>(); }
};

TEST_F(Toolbox, ALaneServerIsKeptForTheRun) {
  add_nasty("who");
  const int first = pid_of_who();
  EXPECT_EQ(pid_of_who(), first);
  io.run(run_tools().close());
  EXPECT_FALSE(exists(first));
}

TEST_F(Toolbox, AStepServerIsStartedForEachCall) {
  add_nasty("who", Scope::step);
  const int first = pid_of_who();
  EXPECT_FALSE(exists(first));
  EXPECT_NE(pid_of_who(), first);
}

TEST_F(Toolbox, AHostServerIsSharedByLanesAndSurvivesThem) {
  add_nasty("who", Scope::host);
  const int first = pid_of_who();
  auto other = box().open("/tmp");
  const auto result = io.run(other->call(make_call("nasty.work", Json::object()), recorder, stop));
  EXPECT_EQ(result.output["pid"], first);
  io.run(other->close());
  EXPECT_TRUE(exists(first));
  io.run(box().shutdown());
  EXPECT_FALSE(exists(first));
}

/// Until no process has this pid; the fixture's own deadline ends a wait in vain.
Task<> death_of(int pid) {
  while (::kill(pid, 0) == 0)
    co_await pause_for(1ms);
}

TEST_F(Toolbox, ALaneServerDiesWhenItsTrustIsNotRenewedAndAHostServerLives) {
  add_nasty("who");
  add_server("shared", {"python3", OPSROOM_FIXTURES "/nasty.py", "who"}, Scope::host);
  const int mine = pid_of_who();
  const int shared = call("shared.work").output["pid"].get<int>();
  run_tools().trust_until(Clock::now() + 100ms);
  io.run(death_of(mine));
  EXPECT_TRUE(exists(shared));
  EXPECT_EQ(call("shared.work").output["pid"], shared);
}

TEST_F(Toolbox, AServerStartedLaterIsUnderTheSameTrust) {
  add_plugin("exec");
  run_tools().trust_until(Clock::now() + 1500ms);
  const ToolResult result = call("exec.run", Json{{"command", {"sh", "-c", "sleep 300"}}});
  EXPECT_EQ(stop.reason(), StopReason::lease_lost) << "the tool is not to blame";
  // A machine that stands still for as long has not even sent the call yet: that is the next test.
  if (result.delivery == Delivery::not_sent) return;
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_THAT(result.error, HasSubstr("killed by SIGKILL"));
}

TEST_F(Toolbox, AServerWhoseTrustEndsWhileItStartsWasNotSentTheCall) {
  add_server("slow", {"sh", "-c", "sleep 300"});
  run_tools().trust_until(Clock::now() + 100ms);
  const ToolResult result = call("slow.work");
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_EQ(stop.reason(), StopReason::lease_lost);
}

TEST_F(Toolbox, ARenewedTrustReachesTheStepUnderWay) {
  add_plugin("exec");
  run_tools().trust_until(Clock::now() + 60s);
  recorder.on_sign = [this] { run_tools().trust_until(Clock::now()); };
  const ToolResult result = call("exec.run", Json{{"command", {"sh", "-c", "echo up; sleep 300"}}});
  EXPECT_EQ(result.delivery, Delivery::unknown);
  EXPECT_EQ(stop.reason(), StopReason::lease_lost);
}

TEST_F(Toolbox, NothingStartsWithoutTrust) {
  add_nasty("who");
  run_tools().trust_until(Clock::now());
  EXPECT_FALSE(call().succeeded);
  EXPECT_EQ(stop.reason(), StopReason::lease_lost);
}

TEST_F(Toolbox, ADeadServerIsStartedAgainForTheNextCall) {
  for (const Scope scope : {Scope::lane, Scope::host}) {
    add_nasty("who", scope);
    const int first = pid_of_who();
    EXPECT_THAT(call("nasty.work", Json{{"die", true}}).error, HasSubstr("exited with 4"));
    EXPECT_NE(pid_of_who(), first);
    if (scope == Scope::lane) break;
  }
}

TEST_F(Toolbox, AServerWorksInTheLaneWithACleanEnvironment) {
  ::setenv("OPSROOM_TEST_LEAK", "secret", 1);
  add_nasty("who").environment["CONFIGURED"] = "yes";
  const Json output = call("nasty.work").output;
  EXPECT_EQ(output["cwd"], std::filesystem::canonical(lane.path()).string());
  EXPECT_EQ(output["environment"]["CONFIGURED"], "yes");
  EXPECT_FALSE(output["environment"].contains("OPSROOM_TEST_LEAK"));
}

TEST_F(Toolbox, AMissingCommandNamesCommandPathAndPlace) {
  add_server("gone", {"no-such-command-anywhere", "--secret=x"});
  EXPECT_THAT(
      describe_failure("gone.tool"),
      AllOf(
          HasSubstr("server 'gone' cannot start: command 'no-such-command-anywhere' not found"),
          HasSubstr("PATH"),
          HasSubstr("tools.json: /mcpServers/gone"),
          ::testing::Not(HasSubstr("secret"))
      )
  );
  const ToolResult result = call("gone.tool");
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("no-such-command-anywhere"));
}

TEST_F(Toolbox, AMissingDirectoryOrInterpreterIsNotTakenForAMissingCommand) {
  add_server("lost", {"true"}).directory = "nowhere/at/all";
  EXPECT_THAT(
      describe_failure("lost.tool"),
      AllOf(HasSubstr("its working directory"), HasSubstr("\"cwd\" at tools.json"))
  );
  const auto script = lane.path() / "script";
  write_file(script, "#!/no/such/interpreter\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  add_server("script", {script.string()});
  box().reload(config);
  EXPECT_THAT(
      describe_failure("script.tool"),
      AllOf(HasSubstr("what '" + script.string() + "' needs is not there"), HasSubstr("#!"))
  );
}

TEST_F(Toolbox, UnknownToolsAndSourcesNameTheNearest) {
  add_nasty("polite");
  EXPECT_EQ(
      describe_failure("nasty.wrok"),
      "unknown tool 'nasty.wrok': source 'nasty' has work | Did you mean nasty.work?"
  );
  EXPECT_THAT(describe_failure("nsty.work"), HasSubstr("there is no source 'nsty', only nasty"));
  EXPECT_THAT(call("nsty.work").error, HasSubstr("there is no source 'nsty'"));
}

TEST_F(Toolbox, ADeniedToolIsNotCalled) {
  add_nasty("polite").filter.deny = {"wo*"};
  EXPECT_THAT(describe_failure("nasty.work"), HasSubstr("is not allowed here"));
  const ToolResult result = call();
  EXPECT_EQ(result.delivery, Delivery::not_sent);
  EXPECT_THAT(result.error, HasSubstr("is not allowed here"));
}

TEST_F(Toolbox, ListingStartsAServerOnlyOnce) {
  auto& source = add_nasty("polite");
  source.environment["COUNT"] = (lane.path() / "count").string();
  source.argv = {"sh", "-c", "echo x >> $COUNT; exec python3 " OPSROOM_FIXTURES "/nasty.py polite"};
  io.run(box().describe("nasty.work"));
  io.run(box().describe("nasty.work"));
  EXPECT_EQ(read_file(lane.path() / "count"), "x\n");
}

TEST_F(Toolbox, APluginThatIsNoLibrarySaysSo) {
  add_plugin("broken").library = lane.path() / "broken.so";
  write_file(lane.path() / "broken.so", "this is no library");
  const std::string failure = describe_failure("broken.tool");
  EXPECT_THAT(failure, HasSubstr("plugin 'broken' cannot be used: "));
  EXPECT_THAT(failure, HasSubstr("broken.so"));
}

TEST_F(Toolbox, AMissingPluginSaysWhereItShouldBe) {
  add_plugin("absent");
  EXPECT_THAT(describe_failure("absent.tool"), HasSubstr("/absent.so"));
}

TEST_F(Toolbox, ExecStreamsLinesAndReportsTheExitCode) {
  add_plugin("exec");
  const ToolDescriptor described = io.run(box().describe("exec.run"));
  EXPECT_EQ(described.name, "exec.run");
  const ToolResult result =
      call("exec.run", Json{{"command", {"sh", "-c", "echo one; echo two >&2; pwd; exit 3"}}});
  EXPECT_EQ(result.delivery, Delivery::answered) << result.error;
  EXPECT_EQ(result.output["exit_code"], 3) << dump(result.output);
  EXPECT_THAT(recorder.text("stdout"), HasSubstr("one"));
  EXPECT_THAT(recorder.text("stdout"), HasSubstr(lane.path().filename().string()));
  EXPECT_THAT(recorder.text("stderr"), HasSubstr("two"));
}

TEST_F(Toolbox, ExecIsCancelledWithItsWholeTree) {
  add_plugin("exec");
  stop_when_begun(StopReason::canceled);
  ToolResult result;
  const double ms = milliseconds([&] {
    result = call(
        "exec.run",
        Json{
            {"command",
             {"sh", "-c", "(setsid sleep 300 &) ; echo begun; trap '' TERM; sleep 300; sleep 300"}}
        }
    );
  });
  EXPECT_LT(ms, soon(6500));
  EXPECT_TRUE(result.canceled);
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace opsroom::tools::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <integration/sdk/mcp_process.hpp>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

json shell(const std::string& script, json more = json::object()) {
  more["command"] = {"sh", "-c", script};
  return more;
}

class Exec : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }
  json run(const json& arguments) { return server_.call("run", arguments); }
  json output(const json& arguments) { return run(arguments)["structuredContent"]; }

  TempDir directory_;
  McpProcess server_{runner(plugin("exec")), directory_.path()};
};

bool alive(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(status, text);
  // A zombie nobody has reaped yet does no harm.
  return !text.empty() && text.find(") Z ") == std::string::npos;
}

pid_t pid_in(const fs::path& file) {
  EXPECT_TRUE(eventually([&] { return contents(file).find('\n') != std::string::npos; }));
  return std::stoi("0" + contents(file));
}

}  // namespace

TEST_F(Exec, RunsAProgramWithItsArgumentsAsTheyAre) {
  const json result = run({{"command", {"printf", "%s|", "a b", "$HOME", "*"}}});
  EXPECT_FALSE(result.contains("isError"));
  EXPECT_EQ(text_of(result), "command exited with 0");
  EXPECT_EQ(result["structuredContent"]["stdout_tail"], "a b|$HOME|*|");
  EXPECT_EQ(result["structuredContent"]["exit_code"], 0);
  EXPECT_EQ(result["structuredContent"]["signal"], nullptr);
}

TEST_F(Exec, ANonZeroExitFailsTheCallAndKeepsTheOutput) {
  const json result = run(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "command exited with 3");
  EXPECT_EQ(result["structuredContent"]["exit_code"], 3);
  EXPECT_EQ(result["structuredContent"]["stdout_tail"], "out\n");
  EXPECT_EQ(result["structuredContent"]["stderr_tail"], "err\n");
  EXPECT_EQ(server_.logged("stdout"), "out\n");
  EXPECT_EQ(server_.logged("stderr"), "err\n");
}

TEST_F(Exec, ANonZeroExitIsFineWithoutCheck) {
  const json result = run(shell("exit 3", {{"check", false}}));
  EXPECT_FALSE(result.contains("isError"));
  EXPECT_EQ(result["structuredContent"]["exit_code"], 3);
}

TEST_F(Exec, TwentyThousandLinesArriveInOrderAndInFewMessages) {
  const json result = run({{"command", {"seq", "1", "20000"}}});
  EXPECT_EQ(result["structuredContent"]["exit_code"], 0);
  std::string expected;
  for (int i = 1; i <= 20'000; ++i)
    expected += std::to_string(i) + "\n";
  EXPECT_EQ(server_.logged("stdout"), expected);
  EXPECT_LT(server_.seen("notifications/message").size(), 500u);
}

TEST_F(Exec, OutputArrivesWhileTheProgramRuns) {
  const fs::path go = directory_.path() / "go";
  const int id =
      server_.start("run", shell("echo first; until [ -e go ]; do sleep 0.01; done; echo last"));
  EXPECT_EQ(server_.next()["params"]["data"], "first");
  std::ofstream(go) << "\n";
  EXPECT_EQ(server_.answer(id)["result"]["structuredContent"]["stdout_tail"], "first\nlast\n");
}

TEST_F(Exec, CancelEndsTheWholeGroup) {
  const int id = server_.start(
      "run", shell("sleep 1000 & echo $! > grandchild; trap '' TERM; echo $$ > child; wait; wait")
  );
  const pid_t child = pid_in(directory_.path() / "child");
  const pid_t grandchild = pid_in(directory_.path() / "grandchild");
  ASSERT_TRUE(alive(child));
  ASSERT_TRUE(alive(grandchild));
  server_.cancel(id);
  EXPECT_TRUE(eventually([&] { return !alive(child) && !alive(grandchild); }));
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
  server_.close_stdin();
  for (const json& message : server_.rest())
    EXPECT_FALSE(message.contains("id")) << message;
}

TEST_F(Exec, AGrandchildThatIgnoresTheCancelIsKilledToo) {
  const int id =
      server_.start("run", shell("(trap '' TERM; exec sleep 1000) & echo $! > grandchild; wait"));
  const pid_t grandchild = pid_in(directory_.path() / "grandchild");
  server_.cancel(id);
  EXPECT_TRUE(eventually([&] { return !alive(grandchild); }));
}

TEST_F(Exec, TheEndOfTheClientEndsTheProgram) {
  server_.start("run", shell("echo $$ > child; exec sleep 1000"));
  const pid_t child = pid_in(directory_.path() / "child");
  server_.close_stdin();
  EXPECT_EQ(server_.wait(), 0);
  EXPECT_FALSE(alive(child));
}

TEST_F(Exec, TheDeathOfTheRunnerEndsTheProgram) {
  server_.start("run", shell("echo $$ > child; exec sleep 1000"));
  const pid_t child = pid_in(directory_.path() / "child");
  ::kill(server_.pid(), SIGKILL);
  EXPECT_TRUE(eventually([&] { return !alive(child); }));
}

TEST_F(Exec, ATimeoutStopsTheProgramAndSaysSo) {
  const json result = run(shell("echo started; exec sleep 1000", {{"timeout_seconds", 1.5}}));
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "command timed out after 1.5 s and was stopped");
  EXPECT_EQ(result["structuredContent"]["timed_out"], true);
  EXPECT_EQ(result["structuredContent"]["signal"], "SIGTERM");
  EXPECT_EQ(result["structuredContent"]["exit_code"], 128 + SIGTERM);
  EXPECT_EQ(result["structuredContent"]["stdout_tail"], "started\n");
}

TEST_F(Exec, ADaemonThatKeepsStdoutHangsNobody) {
  const json result = run(shell("setsid sleep 1000 & echo $! > daemon; echo done"));
  EXPECT_EQ(result["structuredContent"]["stdout_tail"], "done\n");
  const pid_t daemon = pid_in(directory_.path() / "daemon");
  EXPECT_TRUE(alive(daemon));
  ::kill(daemon, SIGKILL);
}

TEST_F(Exec, CancelEndsADaemonThatLeftTheGroupToo) {
  const int id = server_.start(
      "run", shell("setsid sleep 1000 & echo $! > daemon; trap '' TERM; echo $$ > child; wait")
  );
  const pid_t daemon = pid_in(directory_.path() / "daemon");
  const pid_t child = pid_in(directory_.path() / "child");
  ASSERT_TRUE(alive(daemon));
  server_.cancel(id);
  EXPECT_TRUE(eventually([&] { return !alive(daemon) && !alive(child); }));
}

TEST_F(Exec, ATimeoutEndsADaemonThatLeftTheGroupTooAndNoOthers) {
  const json bystander = run(shell("setsid sleep 1000 >/dev/null 2>&1 & echo $! > bystander"));
  ASSERT_EQ(bystander["structuredContent"]["exit_code"], 0);
  run(shell(
      "setsid sleep 1000 >/dev/null 2>&1 & echo $! > daemon; sleep 1000", {{"timeout_seconds", 2}}
  ));
  const pid_t daemon = pid_in(directory_.path() / "daemon");
  const pid_t other = pid_in(directory_.path() / "bystander");
  EXPECT_TRUE(eventually([&] { return !alive(daemon); }));
  EXPECT_TRUE(alive(other));
  ::kill(other, SIGKILL);
}

TEST_F(Exec, ACommandThatIsNotThereIsNamedWithTheRemedy) {
  const json result = run({{"command", {"no-such-program"}}, {"env", {{"PATH", "/nowhere"}}}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(
      text_of(result),
      "command not found: no-such-program is in no directory of PATH=/nowhere; install it, give "
      "its "
      "full path, or set PATH in env"
  );
}

TEST_F(Exec, AFileThatIsNotExecutableIsNamedWithTheRemedy) {
  std::ofstream(directory_.path() / "script") << "echo hi\n";
  EXPECT_THAT(text_of(run({{"command", {"./script"}}})), HasSubstr("chmod +x"));
}

TEST_F(Exec, StdinAndEnvReachTheProgram) {
  const std::string big(1 << 20, 'x');
  EXPECT_EQ(output({{"command", {"wc", "-c"}}, {"stdin", big}})["stdout_tail"], "1048576\n");
  EXPECT_EQ(
      output(shell("echo $GREETING", {{"env", {{"GREETING", "hi"}}}}))["stdout_tail"], "hi\n"
  );
  EXPECT_EQ(output({{"command", {"true"}}, {"stdin", big}})["exit_code"], 0);
}

TEST_F(Exec, CwdStaysInsideTheWorkingDirectory) {
  fs::create_directory(directory_.path() / "sub");
  fs::create_directory_symlink("/", directory_.path() / "out");
  EXPECT_EQ(
      output({{"command", {"pwd"}}, {"cwd", "sub"}})["stdout_tail"],
      (fs::canonical(directory_.path()) / "sub").string() + "\n"
  );
  for (const char* cwd : {"..", "/", "out", "out/etc"})
    EXPECT_THAT(
        text_of(run({{"command", {"pwd"}}, {"cwd", cwd}})),
        HasSubstr("leads out of the working directory")
    ) << cwd;
}

TEST_F(Exec, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(
      output(shell("printf 'a\\377b\\000c'"))["stdout_tail"],
      "a\xEF\xBF\xBD"
      "b\xEF\xBF\xBD"
      "c"
  );
}

TEST_F(Exec, AProgramEndedByASignalIsNamed) {
  const json result = run(shell("kill -9 $$"));
  EXPECT_EQ(text_of(result), "command was ended by SIGKILL");
  EXPECT_EQ(result["structuredContent"]["exit_code"], 137);
}

TEST_F(Exec, TheProgramStartsClean) {
  // Default SIGPIPE, and only the three standard descriptors (the fourth is ls's own).
  EXPECT_EQ(output(shell("yes | head -n 1"))["exit_code"], 0);
  EXPECT_EQ(output({{"command", {"ls", "/proc/self/fd"}}})["stdout_tail"], "0\n1\n2\n3\n");
  EXPECT_EQ(
      output(shell("grep SigIgn /proc/self/status"))["stdout_tail"], "SigIgn:\t0000000000000000\n"
  );
}

TEST_F(Exec, CallsRunBesideEachOther) {
  const int first = server_.start("run", shell("until [ -e go ]; do sleep 0.01; done"));
  EXPECT_EQ(output(shell("touch go"))["exit_code"], 0);
  EXPECT_EQ(server_.answer(first)["result"]["structuredContent"]["exit_code"], 0);
}

TEST_F(Exec, ArgumentsThatMakeNoSenseAreNamed) {
  EXPECT_THAT(text_of(run({{"command", json::array()}})), HasSubstr("/command: must not be empty"));
  EXPECT_THAT(
      text_of(run({{"command", {"ls"}}, {"env", {{"A=B", "x"}}}})), HasSubstr("'A=B' is no name")
  );
  EXPECT_THAT(text_of(run({{"cmd", {"ls"}}})), HasSubstr("/cmd: is not known here"));
}

}  // namespace opsroom::test

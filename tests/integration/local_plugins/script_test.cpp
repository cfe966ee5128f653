#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <integration/sdk/mcp_process.hpp>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

class Script : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TMPDIR", scratch_.path().c_str(), 1);
    server_ = std::make_unique<McpProcess>(runner(plugin("exec")), directory_.path());
    ::unsetenv("TMPDIR");
    server_->open_legacy();
  }
  json script(const std::string& text, json more = json::object()) {
    more["script"] = text;
    return server_->call("script", more);
  }
  json output(const std::string& text, json more = json::object()) {
    return script(text, std::move(more))["structuredContent"];
  }

  long scripts_left() const {
    const fs::directory_iterator files(scratch_.path());
    return std::count_if(begin(files), end(files), [](const fs::directory_entry& entry) {
      return entry.path().filename().string().starts_with("opsroom-script-");
    });
  }

  TempDir scratch_;
  TempDir directory_;
  std::unique_ptr<McpProcess> server_;
};

}  // namespace

TEST_F(Script, RunsSeveralLinesInTheWorkingDirectory) {
  const json result = script("x=1\nfor i in a b; do\n  echo $i$x > $i\ndone\nls\n");
  EXPECT_FALSE(result.contains("isError")) << result;
  EXPECT_EQ(text_of(result), "script exited with 0");
  EXPECT_EQ(result["structuredContent"]["stdout_tail"], "a\nb\n");
  EXPECT_EQ(contents(directory_.path() / "b"), "b1\n");
}

TEST_F(Script, EndsAtTheFirstCommandThatFailsAndAtAnUnsetVariable) {
  const json failed = script("echo one\nfalse\necho two\n");
  EXPECT_EQ(failed["isError"], true);
  EXPECT_EQ(failed["structuredContent"]["stdout_tail"], "one\n");
  EXPECT_THAT(
      output("echo $NOT_THERE_AT_ALL")["stderr_tail"].get<std::string>(),
      HasSubstr("NOT_THERE_AT_ALL")
  );
}

TEST_F(Script, TakesAnotherInterpreterAndArguments) {
  EXPECT_EQ(
      output(
          "import sys\nprint(sys.argv[1:], sys.stdin.read())\n",
          {{"interpreter", {"python3"}}, {"args", {"a b", "c"}}, {"stdin", "data"}}
      )["stdout_tail"],
      "['a b', 'c'] data\n"
  );
  EXPECT_THAT(
      text_of(script("x", {{"interpreter", {"no-such-interpreter"}}})),
      HasSubstr("command not found: no-such-interpreter")
  );
}

TEST_F(Script, SharesTheOptionsOfRun) {
  fs::create_directory(directory_.path() / "sub");
  EXPECT_EQ(
      output("pwd; echo $A", {{"cwd", "sub"}, {"env", {{"A", "1"}}}})["stdout_tail"],
      (fs::canonical(directory_.path()) / "sub").string() + "\n1\n"
  );
  EXPECT_EQ(script("exit 3", {{"check", false}}).value("isError", false), false);
  const json late = script("sleep 1000", {{"timeout_seconds", 0.2}});
  EXPECT_EQ(text_of(late), "script timed out after 0.2 s and was stopped");
  EXPECT_EQ(late["structuredContent"]["timed_out"], true);
}

TEST_F(Script, StandsInAPrivateFileThatGoesAway) {
  EXPECT_EQ(output("stat -c %a \"$0\"")["stdout_tail"], "600\n");
  EXPECT_THAT(
      output("echo \"$0\"")["stdout_tail"].get<std::string>(),
      StartsWith((scratch_.path() / "opsroom-script-").string())
  );
  script("exit 9");
  script("x", {{"interpreter", {"no-such-interpreter"}}});
  const int id = server_->start("script", {{"script", "echo $$ > started\nexec sleep 1000"}});
  ASSERT_TRUE(eventually([&] { return fs::exists(directory_.path() / "started"); }));
  EXPECT_EQ(scripts_left(), 1);
  server_->cancel(id);
  EXPECT_TRUE(eventually([&] { return scripts_left() == 0; }));
}

TEST_F(Script, RefusesAnEmptyOne) {
  EXPECT_THAT(text_of(script("")), HasSubstr("/script: must not be empty"));
  EXPECT_THAT(
      text_of(script("x", {{"interpreter", json::array()}})),
      HasSubstr("/interpreter: must not be empty")
  );
}

}  // namespace opsroom::test

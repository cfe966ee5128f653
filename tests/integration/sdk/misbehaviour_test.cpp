#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

struct Sin {
  const char* tool;
  const char* sentence;
};

class Misbehaviour : public testing::TestWithParam<Sin> {};

}  // namespace

TEST_P(Misbehaviour, IsAToolErrorThatSaysSo) {
  McpProcess server(runner(fixture("misbehaving")));
  server.open_legacy();
  const json result = server.call(GetParam().tool);
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(
      text_of(result),
      std::string("plugin misbehaving: ") + GetParam().tool + ": " + GetParam().sentence
  );
  EXPECT_EQ(server.legacy("ping")["result"], json::object());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Misbehaviour,
    testing::Values(
        Sin{"twice", "it handed in two results"},
        Sin{"none", "it returned without a result"},
        Sin{"bad_json", "its result is no JSON object in UTF-8"},
        Sin{"bad_utf8", "its result is no JSON object in UTF-8"},
        Sin{"no_content", "its result has no content array"},
        Sin{"odd_status", "it returned the unknown status 77"},
        Sin{"false_cancel", "it says it was cancelled, but nobody cancelled it"}
    ),
    [](const auto& each) { return std::string(each.param.tool); }
);

class MisbehavingPlugin : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }
  McpProcess server_{runner(fixture("misbehaving"))};
};

TEST_F(MisbehavingPlugin, ThatPrintsOnlyReachesStderr) {
  EXPECT_EQ(text_of(server_.call("print")), "done");
  EXPECT_THAT(server_.errors(), HasSubstr("printf pollutes stdout"));
  EXPECT_THAT(server_.errors(), HasSubstr("write pollutes stdout"));
  EXPECT_THAT(server_.errors(), HasSubstr("a child pollutes stdout"));
}

TEST_F(MisbehavingPlugin, ThatCrashesEndsTheStream) {
  server_.start("crash");
  EXPECT_TRUE(server_.rest().empty());
  EXPECT_EQ(server_.wait(), -SIGABRT);
}

TEST_F(MisbehavingPlugin, ThatLeaksIsNoWorse) {
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(text_of(server_.call("leak")), "done");
}

TEST(ClashingPlugin, NeitherReplacesWhatTheRunnerCallsNorIsReplaced) {
  McpProcess server(runner(fixture("clash")));
  server.open_legacy();
  EXPECT_EQ(text_of(server.call("work")), "worked");
  server.close_stdin();
  EXPECT_EQ(server.wait(), 0);
}

TEST_F(MisbehavingPlugin, ThatExitsEndsTheStreamWithItsCode) {
  server_.start("exit");
  EXPECT_TRUE(server_.rest().empty());
  EXPECT_EQ(server_.wait(), 3);
}

TEST_F(MisbehavingPlugin, ThatIgnoresTheCancelIsLeftBehindAfterTheGrace) {
  server_.start("hang");
  server_.close_stdin();
  EXPECT_EQ(server_.wait(), 0);
}

TEST_F(MisbehavingPlugin, ThatGoesOnAfterItsReturnIsNotedAndNotObeyed) {
  EXPECT_EQ(text_of(server_.call("late")), "done");
  EXPECT_TRUE(eventually([&] {
    return server_.errors().find("went on after invoke() had returned") != std::string::npos;
  }));
  EXPECT_EQ(server_.legacy("ping")["result"], json::object());
  EXPECT_EQ(server_.logged("late"), "");
}

TEST_F(MisbehavingPlugin, ThatIsBrokenIsRetired) {
  EXPECT_THAT(text_of(server_.call("broken")), HasSubstr("says it is broken"));
  EXPECT_THAT(text_of(server_.call("print")), HasSubstr("start it again"));
}

TEST_F(MisbehavingPlugin, MayNotKnowAToolItLists) {
  EXPECT_EQ(server_.answer(server_.start("unlisted"))["error"]["code"], -32602);
}

}  // namespace opsroom::test

#include "integration/sdk/mcp_process.hpp"
#include "web_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

class Wait : public testing::Test {
 protected:
  Wait() {
    ::unsetenv("OPSROOM_PLUGIN_CONFIG");
    process_ = std::make_unique<McpProcess>(runner(plugin("wait")), directory_.path());
    process_->open_legacy();
  }
  json until(json arguments) {
    arguments.emplace("interval_seconds", 0.05);
    return process_->call("until", arguments);
  }

  TempDir directory_;
  std::unique_ptr<McpProcess> process_;
};

}  // namespace

TEST_F(Wait, ADurationLastsAtLeastThatLong) {
  const json result = process_->call("duration", {{"seconds", 0.05}});
  EXPECT_GE(result["structuredContent"]["waited_seconds"], 0.05);
}

TEST_F(Wait, ACancelEndsADuration) {
  const int id = process_->start("duration", {{"seconds", 80000}}, {{"progressToken", "p"}});
  while (process_->seen("notifications/progress").empty())
    process_->next();
  process_->cancel(id);
  process_->close_stdin();
  EXPECT_EQ(process_->wait(), 0) << process_->errors();
}

TEST_F(Wait, AUrlIsReadyOnceItAnswersAsWanted) {
  std::atomic<int> tries = 0;
  WebServer server([&](const Seen&) {
    const int number = ++tries;
    if (number == 1) return Reply{503, {}, "starting"};
    return Reply{200, {}, number == 2 ? "almost" : "it is up"};
  });
  const json result = until({{"url", server.base() + "/health?key=1"}, {"contains", "is up"}});
  ASSERT_FALSE(result.contains("isError")) << result;
  const json data = result["structuredContent"];
  EXPECT_EQ(data["ready"], true);
  EXPECT_EQ(data["attempts"], 3);
  EXPECT_EQ(data["status"], 200);
  EXPECT_EQ(data["problem"], nullptr);
}

TEST_F(Wait, WhatIsNotReadyInTimeFailsAndSaysWhy) {
  WebServer server([](const Seen&) { return Reply{500, {}, ""}; });
  // The second try would come after the end, so that what the first one found is told.
  const json result =
      until({{"url", server.base() + "/x"}, {"timeout_seconds", 2}, {"interval_seconds", 60}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("not ready after 2 s and 1 tries: "));
  EXPECT_EQ(result["structuredContent"]["problem"], server.base() + "/x answers with status 500");
  EXPECT_EQ(result["structuredContent"]["status"], 500);
  EXPECT_EQ(
      until({{"url", server.base() + "/x"}, {"status", {404, 500}}})["structuredContent"]["ready"],
      true
  );
}

TEST_F(Wait, APortIsReadyOnceItAccepts) {
  ClosedPort port;
  EXPECT_THAT(
      text_of(until({{"port", port.port()}, {"timeout_seconds", 1}, {"interval_seconds", 60}})),
      HasSubstr("Couldn't connect")
  );
  const int id = process_->start(
      "until", {{"port", port.port()}, {"interval_seconds", 0.05}}, {{"progressToken", "p"}}
  );
  while (process_->seen("notifications/progress").empty())
    process_->next();
  port.open();
  const json result = process_->answer(id)["result"]["structuredContent"];
  EXPECT_EQ(result["ready"], true);
  EXPECT_EQ(result["status"], nullptr);
}

TEST_F(Wait, AHostIsNothingButAHost) {
  for (const char* host :
       {"127.0.0.1/x", "127.0.0.1:80", "a b", "", "user@127.0.0.1", "127.0.0.1?"})
    EXPECT_THAT(
        text_of(until({{"host", host}, {"port", 1}, {"timeout_seconds", 0.2}})),
        testing::AnyOf(HasSubstr("/host: must be a host's name"), HasSubstr("is no URL"))
    ) << host;
}

TEST_F(Wait, AnAddressThatIsNotAllowedIsNotTriedAgain) {
  const json result = until({{"host", "169.254.169.254"}, {"port", 80}});
  EXPECT_THAT(text_of(result), HasSubstr("169.254.169.254:80 is not public"));
  EXPECT_THAT(text_of(until({{"url", "ftp://127.0.0.1/"}})), HasSubstr("only http and https"));
  EXPECT_THAT(text_of(until({{"url", "http://x"}, {"port", 1}})), HasSubstr("give either"));
  EXPECT_THAT(text_of(until({{"port", 1}, {"status", {200}}})), HasSubstr("neither status nor"));
}

TEST_F(Wait, OneAddressOfANameThatIsNotAllowedDoesNotEndTheWait) {
  ::setenv("OPSROOM_PLUGIN_CONFIG", R"({"allow_addresses": ["127.0.0.1"]})", 1);
  McpProcess process(runner(plugin("wait")), directory_.path());
  ::unsetenv("OPSROOM_PLUGIN_CONFIG");
  process.open_legacy();
  ClosedPort port;
  const int id = process.start(
      "until",
      {{"host", "localhost"}, {"port", port.port()}, {"interval_seconds", 0.05}},
      {{"progressToken", "p"}}
  );
  while (process.seen("notifications/progress").empty())
    process.next();
  port.open();
  EXPECT_EQ(process.answer(id)["result"]["structuredContent"]["ready"], true);
}

TEST_F(Wait, ACancelEndsATry) {
  WebServer server([](const Seen&) { return Reply{200, {}, "", true}; });
  const int id = process_->start(
      "until", {{"url", server.base()}, {"attempt_seconds", 600}, {"timeout_seconds", 600}}
  );
  ASSERT_TRUE(server.saw(1));
  process_->cancel(id);
  EXPECT_TRUE(server.left(1)) << "the try goes on";
  process_->close_stdin();
  EXPECT_EQ(process_->wait(), 0) << process_->errors();
}

}  // namespace opsroom::test

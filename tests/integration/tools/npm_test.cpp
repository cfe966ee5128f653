#include "base/files.hpp"
#include "integration/tools/npm_fixture.hpp"

#include <stdlib.h>

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Npm, FilesystemEditsAFileInTheLaneAndNowhereElse) {
  add("filesystem", {"."});
  write_file(lane.path() / "greeting.txt", "hello world\n");
  EXPECT_EQ(io.run(box().describe("filesystem.edit_file")).name, "filesystem.edit_file");
  const ToolResult edited = call(
      "filesystem.edit_file",
      Json{{"path", "greeting.txt"}, {"edits", {{{"oldText", "world"}, {"newText", "lane"}}}}}
  );
  EXPECT_TRUE(edited.succeeded) << edited.error;
  EXPECT_EQ(read_file(lane.path() / "greeting.txt"), "hello lane\n");
  const ToolResult outside = call("filesystem.read_text_file", Json{{"path", "/etc/passwd"}});
  EXPECT_FALSE(outside.succeeded);
  EXPECT_EQ(outside.delivery, Delivery::answered);
  EXPECT_THAT(outside.error, HasSubstr("denied"));
}

TEST_F(Npm, EverythingEchoesAndReportsProgress) {
  add("everything", {});
  const ToolResult echo = call("everything.echo", Json{{"message", "ahoy"}});
  EXPECT_THAT(echo.output["text"].get<std::string>(), HasSubstr("ahoy"));
  const ToolResult slow =
      call("everything.trigger-long-running-operation", Json{{"duration", 1}, {"steps", 4}});
  EXPECT_TRUE(slow.succeeded) << slow.error;
  EXPECT_EQ(recorder.progresses.size(), 4U);
}

TEST_F(Npm, EverythingSeesOnlyTheCleanEnvironment) {
  ::setenv("OPSROOM_TEST_LEAK", "secret", 1);
  add("everything", {});
  const ToolResult result = call("everything.get-env");
  EXPECT_THAT(
      result.output["text"].get<std::string>(), AllOf(HasSubstr("PATH"), Not(HasSubstr("LEAK")))
  );
}

TEST_F(Npm, EverythingIsCancelledAndGoneSoon) {
  add("everything", {});
  EXPECT_TRUE(call("everything.echo", Json{{"message", "warm"}}).succeeded);
  stop_when_begun(StopReason::canceled);
  ToolResult result;
  const double ms = milliseconds([&] {
    result =
        call("everything.trigger-long-running-operation", Json{{"duration", 60}, {"steps", 60}});
  });
  EXPECT_TRUE(result.canceled);
  EXPECT_LT(ms, soon(5500));
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(Npm, AWrongToolIsNotASuccess) {
  add("everything", {}, Scope::host);
  EXPECT_FALSE(call("everything.nothing").succeeded);
  EXPECT_THAT(describe_failure("everything.ecko"), HasSubstr("Did you mean everything.echo?"));
}

}  // namespace
}  // namespace opsroom::tools::test

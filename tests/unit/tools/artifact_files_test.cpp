#include "tools/artifact_files.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "tools/call_content.hpp"
#include "tools/temporary_directory.hpp"
#include "unit/tools/io.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

// Artifacts that come as links to files: taken from the lane and the temporary directory only.

namespace opsroom::tools::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ArtifactFiles : public ::testing::Test {
 protected:
  ToolResult fetched(const fs::path& file) {
    ToolResult result;
    result.succeeded = true;
    ArtifactDraft draft;
    draft.name = "made";
    draft.file = file;
    result.artifacts.push_back(std::move(draft));
    io.run(fetch_artifact_files(lane, result));
    return result;
  }

  void refuses(const fs::path& file, const std::string& why) {
    const ToolResult result = fetched(file);
    EXPECT_FALSE(result.succeeded) << file;
    EXPECT_TRUE(result.artifacts.empty()) << file;
    EXPECT_THAT(result.error, HasSubstr("its artifact 'made' (" + file.string() + ")"));
    EXPECT_THAT(result.error, HasSubstr(why)) << file;
    EXPECT_THAT(result.hint, HasSubstr("below the lane"));
  }

  Io io;
  TemporaryDirectory directory;
  fs::path lane = directory.path();
};

TEST_F(ArtifactFiles, AreNotWaitedForWithoutEnd) {
  write_file(lane / "made.bin", "abc");
  ToolResult result;
  result.succeeded = true;
  result.artifacts.resize(2);
  result.artifacts[0].content = "sent along";
  result.artifacts[1].name = "made";
  result.artifacts[1].file = lane / "made.bin";
  io.run(fetch_artifact_files(lane, result, Clock::duration::zero()));
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result.error, HasSubstr("its file system is too slow"));
  ASSERT_EQ(result.artifacts.size(), 1U);
  EXPECT_EQ(result.artifacts[0].content, "sent along");
}

TEST_F(ArtifactFiles, AreTakenFromTheLaneAndFromTheTemporaryDirectory) {
  write_file(lane / "made.bin", std::string("a\0b", 3));
  const ToolResult result = fetched(lane / "made.bin");
  EXPECT_TRUE(result.succeeded);
  EXPECT_EQ(result.artifacts.at(0).content, std::string("a\0b", 3));
  EXPECT_TRUE(result.artifacts.at(0).file.empty());
  lane = "/nonexistent/lane";
  EXPECT_EQ(fetched(directory.path() / "made.bin").artifacts.at(0).content.size(), 3U);
}

TEST_F(ArtifactFiles, FromElsewhereAreRefused) {
  refuses("/etc/passwd", "it lies elsewhere");
  refuses(lane / "../../../etc/passwd", "it lies elsewhere");
  refuses("made.bin", "it lies elsewhere");
  fs::create_symlink("/etc/passwd", lane / "link");
  refuses(lane / "link", "Invalid cross-device link");
  fs::create_directory_symlink("/etc", lane / "folder");
  refuses(lane / "folder/passwd", "Invalid cross-device link");
}

TEST_F(ArtifactFiles, ThatAreNoneAreRefusedAtOnce) {
  refuses(lane / "missing", "No such file");
  refuses(lane, "it is no regular file");
  ASSERT_EQ(::mkfifo((lane / "pipe").c_str(), 0600), 0);
  refuses(lane / "pipe", "it is no regular file");
  fs::create_directory(lane / "below");
  refuses(lane / "below", "it is no regular file");
}

TEST_F(ArtifactFiles, LargerThanTheLimitAreRefused) {
  write_file(lane / "huge", "");
  ASSERT_EQ(::truncate((lane / "huge").c_str(), (256 << 20) + 1), 0);
  refuses(lane / "huge", "too large");
}

TEST_F(ArtifactFiles, AFailureOfTheToolSaysMoreThanItsArtifacts) {
  ToolResult result;
  result.error = "the tool's own";
  ArtifactDraft draft;
  draft.file = "/etc/passwd";
  result.artifacts.push_back(draft);
  io.run(fetch_artifact_files(lane, result));
  EXPECT_EQ(result.error, "the tool's own");
  EXPECT_TRUE(result.artifacts.empty());
}

TEST_F(ArtifactFiles, AreDeclaredByLinks) {
  const auto read = [](const std::string& uri) {
    ToolResult result;
    const Json link{
        {"type", "resource_link"},
        {"uri", uri},
        {"name", "n"},
        {"_meta", {{"io.opsroom/artifact", {{"name", "logs/x"}, {"mediaType", "text/plain"}}}}}
    };
    mcp::read_call_result(Json{{"content", Json::array({link})}}, result);
    return result;
  };
  const ToolResult result = read("file:///tmp/a%20b%2Fc%zz");
  ASSERT_EQ(result.artifacts.size(), 1U);
  EXPECT_EQ(result.artifacts[0].name, "logs/x");
  EXPECT_EQ(result.artifacts[0].media_type, "text/plain");
  EXPECT_EQ(result.artifacts[0].file, "/tmp/a b/c%zz");
  for (const char* uri : {"https://example.com/x", "file://host/x", "file:///tmp/a%00b", ""})
    EXPECT_THROW(read(uri), Failure) << uri;
}

}  // namespace
}  // namespace opsroom::tools::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <integration/sdk/mcp_process.hpp>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }
  json write(const json& arguments) { return server_.call("write", arguments); }
  std::string refused(const json& arguments) {
    const json result = write(arguments);
    EXPECT_EQ(result.value("isError", false), true) << result;
    return text_of(result);
  }
  mode_t mode(const char* name) {
    struct stat info{};
    EXPECT_EQ(::stat((directory_.path() / name).c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator())
    );
  }

  TempDir directory_;
  McpProcess server_{runner(plugin("files")), directory_.path()};
};

/// Root may write everywhere, so the runner starts without the capability that says so.
std::vector<std::string> without_override(std::vector<std::string> argv) {
  if (::geteuid() == 0)
    argv.insert(
        argv.begin(), {"/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"}
    );
  return argv;
}

}  // namespace

TEST_F(Files, WritesAndSaysWhetherItIsNew) {
  const json first = write({{"path", "a.txt"}, {"content", "h\u00e9"}});
  EXPECT_EQ(first["structuredContent"], (json{{"path", "a.txt"}, {"bytes", 3}, {"created", true}}));
  EXPECT_EQ(contents(directory_.path() / "a.txt"), "h\u00e9");
  const json second = write({{"path", "a.txt"}, {"content", ""}});
  EXPECT_EQ(second["structuredContent"]["created"], false);
  EXPECT_EQ(contents(directory_.path() / "a.txt"), "");
  EXPECT_EQ(entries(), 1u) << "no temporary file stays";
}

TEST_F(Files, MakesDirectoriesOnlyWhenAsked) {
  EXPECT_THAT(refused({{"path", "x/y/a"}, {"content", "1"}}), HasSubstr("create_dirs"));
  write({{"path", "x/y/a"}, {"content", "1"}, {"create_dirs", true}});
  EXPECT_EQ(contents(directory_.path() / "x/y/a"), "1");
}

TEST_F(Files, KeepsOrSetsPermissions) {
  write({{"path", "a"}, {"content", "1"}, {"mode", "0640"}});
  EXPECT_EQ(mode("a"), 0640u);
  write({{"path", "a"}, {"content", "2"}});
  EXPECT_EQ(mode("a"), 0640u);
  write({{"path", "a"}, {"content", "2"}, {"executable", true}});
  EXPECT_EQ(mode("a"), 0750u);
  EXPECT_THAT(refused({{"path", "a"}, {"mode", "rw"}}), HasSubstr("/mode: must be octal"));
}

TEST_F(Files, NeverLeavesTheWorkingDirectory) {
  const TempDir outside;
  fs::create_directory_symlink(outside.path(), directory_.path() / "link");
  const std::string escape = "leads out of the working directory";
  EXPECT_THAT(refused({{"path", "../a"}, {"content", "1"}}), HasSubstr(escape));
  EXPECT_THAT(refused({{"path", "link/a"}, {"content", "1"}}), HasSubstr(escape));
  EXPECT_THAT(
      refused({{"path", "link/b/a"}, {"content", "1"}, {"create_dirs", true}}), HasSubstr(escape)
  );
  EXPECT_THAT(
      refused({{"path", "new/../../a"}, {"content", "1"}, {"create_dirs", true}}), HasSubstr(escape)
  );
  EXPECT_THAT(refused({{"path", "/tmp/a"}, {"content", "1"}}), HasSubstr("must be relative"));
  EXPECT_TRUE(fs::is_empty(outside.path()));
}

TEST_F(Files, ReplacesASymbolicLinkInsteadOfFollowingIt) {
  const TempDir outside;
  const fs::path victim = outside.path() / "victim";
  std::ofstream(victim) << "safe";
  fs::create_symlink(victim, directory_.path() / "a");
  write({{"path", "a"}, {"content", "mine"}});
  EXPECT_EQ(contents(victim), "safe");
  EXPECT_FALSE(fs::is_symlink(directory_.path() / "a"));
}

TEST_F(Files, RefusesADirectoryAndAPathThatNamesNoFile) {
  fs::create_directory(directory_.path() / "dir");
  EXPECT_THAT(
      refused({{"path", "dir"}, {"content", "1"}}), HasSubstr("can't write dir: Is a directory")
  );
  EXPECT_THAT(refused({{"path", "dir/"}, {"content", "1"}}), HasSubstr("must name a file"));
  EXPECT_THAT(refused({{"path", ".."}, {"content", "1"}}), HasSubstr("must name a file"));
}

TEST_F(Files, AFullDiskIsNamedWithTheRemedyAndLeavesTheOldFile) {
  const fs::path small = directory_.path() / "small";
  fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "mounting a small disk needs root";
  std::ofstream(small / "a") << "old";
  const std::string said = refused({{"path", "small/a"}, {"content", std::string(200'000, 'x')}});
  EXPECT_THAT(
      said, HasSubstr("can't write small/a: No space left on device; free space on that disk")
  );
  EXPECT_EQ(contents(small / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(small), fs::directory_iterator()), 1);
  ::umount2(small.c_str(), MNT_DETACH);
}

TEST(FilesWithoutRights, AreNamedWithTheRemedy) {
  const TempDir directory;
  McpProcess server(without_override(runner(plugin("files"))), directory.path());
  server.open_legacy();
  ::chmod(directory.path().c_str(), 0500);
  EXPECT_THAT(
      text_of(server.call("write", {{"path", "a"}, {"content", "1"}})),
      HasSubstr("can't write a: Permission denied; let the user")
  );
  ::chmod(directory.path().c_str(), 0700);
}

}  // namespace opsroom::test

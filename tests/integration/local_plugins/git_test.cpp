#include "git_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Git : public GitFixture {
 protected:
  json commit(const json& arguments) { return call("commit", arguments); }
};

}  // namespace

TEST_F(Git, CommitsEverythingAndCountsIt) {
  git("init -q -b main");
  put("a", "1\n2\n");
  put("b", "x\n");
  const json first = commit({{"message", "First"}});
  ASSERT_FALSE(first.contains("isError")) << first;
  const json data = first["structuredContent"];
  EXPECT_EQ(data["branch"], "main");
  EXPECT_EQ(data["files_changed"], 2);
  EXPECT_EQ(data["insertions"], 3);
  EXPECT_EQ(data["deletions"], 0);
  EXPECT_EQ(data["commit"], ask("rev-parse HEAD"));
  EXPECT_EQ(ask("log -1 --format=%an:%ae:%cn:%s"), "opsroom:opsroom@localhost:opsroom:First");

  put("a", "1\n");
  fs::remove(directory_.path() / "b");
  EXPECT_EQ(commit({{"message", "Second"}})["structuredContent"]["deletions"], 2);
  EXPECT_EQ(ask("status --porcelain"), "");
}

TEST_F(Git, CommitsOnlyTheGivenPaths) {
  git("init -q -b main");
  put("a", "1\n");
  put("b*", "1\n");
  put("bc", "1\n");
  const json result = commit({{"message", "Only b*"}, {"paths", {"b*"}}});
  ASSERT_FALSE(result.contains("isError")) << result;
  EXPECT_EQ(ask("ls-tree --name-only HEAD"), "b*") << "a path is a name, not a pattern";
  EXPECT_EQ(ask("status --porcelain"), "?? a\n?? bc");
}

TEST_F(Git, NothingToCommitFailsAndSaysSo) {
  git("init -q -b main");
  EXPECT_EQ(text_of(commit({{"message", "m"}})), "nothing to commit: no file has changed");
  put("a", "1\n");
  commit({{"message", "m"}});
  const json result = commit({{"message", "m"}, {"paths", {"a"}}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "nothing to commit: none of the given paths has changed");
  EXPECT_EQ(
      commit({{"message", "m"}, {"allow_empty", true}})["structuredContent"]["files_changed"], 0
  );
}

TEST_F(Git, TheIdentityIsTheGivenOneElseTheConfiguredOne) {
  git("init -q -b main");
  git("config user.name Conf");
  git("config user.email conf@example.org");
  put("a", "1\n");
  commit({{"message", "m"}, {"author_name", "Ann"}, {"author_email", "ann@example.org"}});
  EXPECT_EQ(ask("log -1 --format=%an:%ae:%cn"), "Ann:ann@example.org:Conf");
}

TEST_F(Git, AMessageIsTakenAsItIs) {
  git("init -q -b main");
  put("a", "1\n");
  commit({{"message", "--amend\n\n# not a comment\n$(touch x)\n"}});
  EXPECT_EQ(ask("log -1 --format=%B"), "--amend\n\n# not a comment\n$(touch x)\n");
  EXPECT_THAT(text_of(commit({{"message", " \n"}})), HasSubstr("/message: must not be blank"));
}

TEST_F(Git, OutsideOfARepositoryIsNamed) {
  const json result = commit({{"message", "m"}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr(directory_.path().string() + " is no git checkout"));
}

TEST_F(Git, APathThatIsNotThereIsNamed) {
  git("init -q -b main");
  EXPECT_THAT(
      text_of(commit({{"message", "m"}, {"paths", {"nope"}}})), HasSubstr("'nope' did not match")
  );
}

TEST_F(Git, ADetachedHeadHasNoBranch) {
  git("init -q -b main");
  put("a", "1\n");
  commit({{"message", "m"}});
  git("checkout -q --detach");
  put("a", "2\n");
  EXPECT_EQ(commit({{"message", "m"}})["structuredContent"]["branch"], nullptr);
}

TEST_F(Git, AHookRunsOnlyWhenAskedForAndIsQuoted) {
  git("init -q -b main");
  const fs::path hook = directory_.path() / ".git/hooks/pre-commit";
  fs::create_directories(hook.parent_path());
  std::ofstream(hook) << "#!/bin/sh\necho 'tests are red' >&2\nexit 1\n";
  fs::permissions(hook, fs::perms::owner_all);
  put("a", "1\n");
  EXPECT_THAT(
      text_of(commit({{"message", "m"}, {"hooks", true}})),
      HasSubstr("commit failed: tests are red")
  );
  EXPECT_FALSE(commit({{"message", "m"}}).contains("isError")) << "hooks run only when asked for";
}

}  // namespace opsroom::test

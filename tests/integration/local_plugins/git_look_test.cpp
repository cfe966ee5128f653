#include "git_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

using GitStatus = GitFixture;
using GitDiff = GitFixture;
using GitLog = GitFixture;
using GitBranch = GitFixture;

std::vector<std::string> names(const json& list, const char* key) {
  std::vector<std::string> all;
  for (const json& each : list)
    all.push_back(each[key]);
  return all;
}

}  // namespace

TEST_F(GitStatus, TellsEveryKindOfChange) {
  start();
  put("gone", "x\n");
  put("moved from", "some lines\nthat are\nthe same\n");
  put(".gitignore", "*.log\n");
  save("Second");
  EXPECT_EQ(output("status")["clean"], true);

  put("a", "changed\n");
  fs::remove(at("gone"));
  git("mv 'moved from' 'moved to'");
  put("dir/new", "x\n");
  put("x.log", "x\n");
  const json result = output("status");
  EXPECT_EQ(result["branch"], "main");
  EXPECT_EQ(result["commit"], ask("rev-parse HEAD"));
  EXPECT_EQ(result["clean"], false);
  const json none = nullptr;
  const auto entry = [&](const char* path,
                         const json& old_path,
                         const char* staged,
                         const char* unstaged) {
    return json{{"path", path}, {"old_path", old_path}, {"staged", staged}, {"unstaged", unstaged}};
  };
  EXPECT_EQ(
      result["entries"],
      (json{
          entry("a", none, "unchanged", "modified"),
          entry("gone", none, "unchanged", "deleted"),
          entry("moved to", "moved from", "renamed", "unchanged"),
          entry("dir/new", none, "unchanged", "untracked")
      })
  );
  EXPECT_EQ(output("status", {{"ignored", true}})["entries"].back()["unstaged"], "ignored");
  EXPECT_EQ(output("status", {{"paths", {"gone"}}})["entries"].size(), 1u);
}

TEST_F(GitStatus, KnowsABranchWithoutCommitAndAnUpstream) {
  git("init -q -b main");
  EXPECT_EQ(output("status")["commit"], nullptr);
  put("a", "1\n");
  save("First");
  add_origin();
  git("branch -u origin/main");
  put("a", "2\n");
  save("Second");
  const json result = output("status");
  EXPECT_EQ(result["upstream"], "origin/main");
  EXPECT_EQ(result["ahead"], 1);
  EXPECT_EQ(result["behind"], 0);
}

TEST_F(GitStatus, WritesNothing) {
  start();
  fs::last_write_time(at("a"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  const std::string index = contents(at(".git/index"));
  output("status");
  EXPECT_EQ(contents(at(".git/index")), index) << "a plain git status refreshes it";
}

TEST_F(GitDiff, ComparesTheCheckoutWithHead) {
  start();
  put("a", "1\n2\n3\nfour\n5\n6\n7\n8\n9\n");
  put("staged", "x\n");
  git("add staged");
  put("bin", std::string("\0\1", 2));
  git("add bin");
  const json result = output("diff");
  EXPECT_EQ(names(result["files"], "path"), (std::vector<std::string>{"a", "bin", "staged"}));
  EXPECT_EQ(result["files"][0]["insertions"], 1);
  EXPECT_EQ(result["files"][1]["binary"], true);
  EXPECT_EQ(result["insertions"], 2);
  EXPECT_EQ(result["deletions"], 1);
  EXPECT_THAT(result["patch"].get<std::string>(), HasSubstr("-4\n+four\n"));
  EXPECT_EQ(output("diff", {{"patch", false}})["patch"], "");
  EXPECT_EQ(output("diff", {{"paths", {"staged"}}})["files"].size(), 1u);
  const json cut = output("diff", {{"max_bytes", 60}});
  EXPECT_EQ(cut["truncated"], true);
  EXPECT_LE(cut["patch"].get<std::string>().size(), 60u);
}

TEST_F(GitDiff, ComparesCommitsAndFromWhereTheyParted) {
  start();
  git("checkout -q -b lane");
  git("mv a b");
  save("Rename");
  git("checkout -q main");
  put("c", "1\n");
  save("Other");
  const json parted = output("diff", {{"from", "main"}, {"to", "lane"}, {"merge_base", true}});
  ASSERT_EQ(parted["files"].size(), 1u);
  EXPECT_EQ(parted["files"][0]["change"], "renamed");
  EXPECT_EQ(parted["files"][0]["old_path"], "a");
  EXPECT_EQ(parted["files"][0]["path"], "b");
  EXPECT_EQ(output("diff", {{"from", "main"}, {"to", "lane"}})["files"].size(), 2u);
  EXPECT_THAT(refused("diff", {{"from", "nope"}}), HasSubstr("/from: \"nope\" is no commit here"));
  EXPECT_THAT(refused("diff", {{"from", "--output=/tmp/x"}}), HasSubstr("is no commit here"));
}

TEST_F(GitLog, ListsTheNewestFirstAndSaysIfThereIsMore) {
  start();
  put("b", "1\n");
  git("add -A");
  git("commit -q -m 'Subject' -m 'Body line'");
  const json result = output("log");
  ASSERT_EQ(result["commits"].size(), 2u);
  EXPECT_EQ(result["commits"][0]["subject"], "Subject");
  EXPECT_EQ(result["commits"][0]["body"], "Body line");
  EXPECT_EQ(result["commits"][0]["author_email"], "t@example.org");
  EXPECT_EQ(result["commits"][0]["parents"], (json{ask("rev-parse HEAD~1")}));
  EXPECT_EQ(result["truncated"], false);
  EXPECT_EQ(output("log", {{"limit", 1}})["truncated"], true);
  EXPECT_EQ(output("log", {{"skip", 1}})["commits"][0]["subject"], "First");
  EXPECT_EQ(output("log", {{"not_in", "HEAD~1"}})["commits"].size(), 1u);
  EXPECT_EQ(output("log", {{"paths", {"a"}}})["commits"].size(), 1u);
}

TEST_F(GitBranch, CreatesSwitchesListsAndDeletes) {
  start();
  const auto act = [&](const char* action, const char* name) {
    return output("branch", {{"action", action}, {"name", name}});
  };
  EXPECT_EQ(act("create", "lane")["changed"], true);
  EXPECT_EQ(act("create", "lane")["changed"], false) << "safe to repeat";
  EXPECT_EQ(act("switch", "lane")["current"], "lane");
  EXPECT_EQ(act("switch", "lane")["changed"], false);
  const json list = output("branch");
  EXPECT_EQ(names(list["branches"], "name"), (std::vector<std::string>{"lane", "main"}));
  EXPECT_EQ(list["branches"][0]["current"], true);
  EXPECT_EQ(list["branches"][0]["subject"], "First");
  act("switch", "main");
  EXPECT_EQ(act("delete", "lane")["changed"], true);
  EXPECT_EQ(act("delete", "lane")["changed"], false);
}

TEST_F(GitBranch, LosesNothingUnlessForced) {
  start();
  git("checkout -q -b lane");
  put("a", "work\n");
  save("Work");
  git("checkout -q main");
  const json remove{{"action", "delete"}, {"name", "lane"}};
  EXPECT_THAT(refused("branch", remove), HasSubstr("has commits that are not merged"));
  put("a", "not saved\n");
  EXPECT_THAT(
      refused("branch", {{"action", "switch"}, {"name", "lane"}}), HasSubstr("git.commit saves")
  );
  EXPECT_EQ(contents(at("a")), "not saved\n");
  EXPECT_THAT(
      refused("branch", {{"action", "delete"}, {"name", "main"}}),
      HasSubstr("the checkout is on main")
  );
  json forced = remove;
  forced["force"] = true;
  EXPECT_EQ(output("branch", forced)["changed"], true);
}

TEST_F(GitBranch, RefusesNamesThatAreNone) {
  start();
  for (const char* name : {"-D", "a..b", "a b", "", "x.lock", "@{-1}"})
    EXPECT_THAT(
        refused("branch", {{"action", "create"}, {"name", name}}),
        HasSubstr("is no name for a branch")
    ) << name;
  EXPECT_THAT(refused("branch", {{"action", "create"}}), HasSubstr("/name: is missing"));
  EXPECT_THAT(
      refused("branch", {{"action", "switch"}, {"name", "nope"}}),
      HasSubstr("there is no branch nope")
  );
}

}  // namespace opsroom::test

#include "git_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class GitMerge : public GitFixture {
 protected:
  /// A lane that has changed line 2 of "a", and main with what `theirs` makes of it.
  void part(const std::string& theirs) {
    start();
    put("a", theirs);
    put("other", "x\n");
    save("Theirs");
    git("checkout -q -b lane HEAD~1");
    put("a", "1\nTWO\n3\n4\n5\n6\n7\n8\n9\n");
    save("Ours");
  }
  std::string main_is() { return ask("rev-parse main"); }
};

const std::string far = "1\n2\n3\n4\n5\n6\n7\n8\nNINE\n";
const std::string near = "1\nzwei\n3\n4\n5\n6\n7\n8\n9\n";

}  // namespace

TEST_F(GitMerge, MergesIntoTheBaseWithoutTouchingTheCheckout) {
  part(far);
  put("a", "not saved yet\n");
  const std::string before = main_is();
  const json result = output("merge", {{"into", "main"}});
  EXPECT_EQ(result["outcome"], "merged");
  EXPECT_EQ(result["base_before"], before);
  EXPECT_EQ(result["commit"], main_is());
  EXPECT_EQ(result["files_changed"], 1);
  EXPECT_EQ(result["insertions"], 1);
  EXPECT_EQ(ask("show main:a"), "1\nTWO\n3\n4\n5\n6\n7\n8\nNINE");
  EXPECT_EQ(ask("log -1 --format=%s:%an main"), "Merge lane into main:opsroom");
  EXPECT_EQ(ask("rev-parse main^1 main^2"), before + "\n" + ask("rev-parse lane"));
  EXPECT_EQ(contents(at("a")), "not saved yet\n");
  EXPECT_EQ(ask("symbolic-ref --short HEAD"), "lane");
  EXPECT_EQ(output("merge", {{"into", "main"}})["outcome"], "already_merged") << "safe to repeat";
}

TEST_F(GitMerge, FastForwardsUnlessAMergeCommitIsWanted) {
  start();
  git("checkout -q -b lane");
  put("b", "1\n");
  save("Work");
  const json wanted =
      output("merge", {{"into", "main"}, {"fast_forward", false}, {"message", "M"}});
  EXPECT_EQ(wanted["outcome"], "merged");
  EXPECT_EQ(ask("log -1 --format=%s main"), "M");
  git("branch -f main lane~1");
  EXPECT_EQ(output("merge", {{"into", "main"}})["outcome"], "fast_forward");
  EXPECT_EQ(main_is(), ask("rev-parse lane"));
}

TEST_F(GitMerge, AConflictIsReportedPlaceByPlaceAndChangesNothing) {
  part(near);
  const std::string before = main_is();
  const json result = call("merge", {{"into", "main"}});
  EXPECT_EQ(result["isError"], true);
  const json data = result["structuredContent"];
  EXPECT_EQ(data["outcome"], "conflict");
  EXPECT_EQ(data["commit"], nullptr);
  ASSERT_EQ(data["conflicts"].size(), 1u);
  EXPECT_EQ(data["conflicts"][0]["path"], "a");
  EXPECT_EQ(data["conflicts"][0]["kind"], "contents");
  EXPECT_EQ(
      data["conflicts"][0]["hunks"],
      (json::array({{{"line", 2}, {"base_side", "zwei\n"}, {"branch_side", "TWO\n"}}}))
  );
  EXPECT_THAT(text_of(result), HasSubstr("nothing was changed"));
  EXPECT_EQ(main_is(), before);
  EXPECT_EQ(ask("status --porcelain"), "");
}

TEST_F(GitMerge, AConflictIsFoundInAFileWithCrLfToo) {
  start();
  put("a", "1\r\ntwo\r\n3\r\n");
  save("Base");
  put("a", "1\r\nzwei\r\n3\r\n");
  save("Theirs");
  git("checkout -q -b lane HEAD~1");
  put("a", "1\r\nTWO\r\n3\r\n");
  save("Ours");
  const json data = call("merge", {{"into", "main"}})["structuredContent"];
  ASSERT_EQ(data["conflicts"].size(), 1u);
  EXPECT_EQ(
      data["conflicts"][0]["hunks"],
      (json::array({{{"line", 2}, {"base_side", "zwei\r\n"}, {"branch_side", "TWO\r\n"}}}))
  );
}

TEST_F(GitMerge, AFileDeletedOnOneSideIsAConflictOfItsOwnKind) {
  start();
  git("rm -q a");
  put("b", "x\n");
  save("Gone");
  git("checkout -q -b lane HEAD~1");
  put("a", "changed\n");
  put("bin", std::string("\0mine", 5));
  save("Changed");
  const json data = call("merge", {{"into", "main"}})["structuredContent"];
  ASSERT_EQ(data["conflicts"].size(), 1u);
  EXPECT_EQ(data["conflicts"][0]["kind"], "modify/delete");
  EXPECT_THAT(data["conflicts"][0]["explanation"].get<std::string>(), HasSubstr("deleted in"));
}

TEST_F(GitMerge, SaysWhenItsReportIsCut) {
  start();
  const auto fill = [&](const std::string& word) {
    for (int i = 0; i < 203; ++i)
      put("f" + std::to_string(i), word + "\n");
    std::string many;
    for (int i = 0; i < 60; ++i)
      many += word + "\n1\n2\n3\n4\n";
    put("a-many", many);
    save(word);
  };
  fill("base");
  git("checkout -q -b lane");
  fill("lane");
  git("checkout -q main");
  fill("main");
  git("checkout -q lane");
  const json result = call("merge", {{"into", "main"}});
  EXPECT_EQ(result["isError"], true);
  const json report = result["structuredContent"];
  EXPECT_EQ(report["conflict_count"], 204);
  EXPECT_EQ(report["conflicts"].size(), 200u);
  EXPECT_EQ(report["truncated"], true);
  EXPECT_EQ(report["conflicts"][0]["path"], "a-many");
  EXPECT_EQ(report["conflicts"][0]["hunks"].size(), 50u);
  EXPECT_EQ(report["conflicts"][0]["truncated"], true);
  EXPECT_EQ(report["conflicts"][1]["truncated"], false);
  EXPECT_THAT(text_of(result), HasSubstr("has 204 conflicts"));
  EXPECT_THAT(text_of(result), HasSubstr("... and more, which is left out here"));
}

/// git: "Do NOT interpret an empty Conflicted file info list as a clean merge".
TEST_F(GitMerge, AConflictThatIsNoFilesIsOneToo) {
  start();
  for (const char* name : {"1", "2", "3", "4"})
    put("dir/" + std::string(name), "content of " + std::string(name) + "\n");
  save("Base");
  git("checkout -q -b lane");
  put("dir/new", "new\n");
  save("Adds to the directory");
  git("checkout -q main");
  fs::create_directories(at("left"));
  fs::create_directories(at("right"));
  git("mv dir/1 dir/2 left/");
  git("mv dir/3 dir/4 right/");
  save("Splits the directory");
  git("checkout -q lane");
  const std::string before = main_is();
  const json result = call("merge", {{"into", "main"}});
  EXPECT_EQ(result["isError"], true) << text_of(result);
  const json report = result["structuredContent"];
  EXPECT_EQ(report["outcome"], "conflict");
  ASSERT_EQ(report["conflicts"].size(), 1u);
  EXPECT_EQ(report["conflicts"][0]["path"], "dir");
  EXPECT_THAT(report["conflicts"][0]["kind"].get<std::string>(), HasSubstr("directory rename"));
  EXPECT_EQ(main_is(), before);
}

TEST_F(GitMerge, PushesTheBaseAndMovesNothingWhenThatIsRejected) {
  part(far);
  shell("git init -q --bare -b main " + origin().string());
  git("remote add origin " + origin().string());
  git("push -q origin main");
  const std::string before = main_is();
  program(origin() / "hooks/pre-receive", "echo no >&2; exit 1\n");
  const json rejected = call("merge", {{"into", "main"}, {"push_to", "origin"}});
  EXPECT_EQ(rejected["isError"], true);
  EXPECT_EQ(rejected["structuredContent"]["outcome"], "push_rejected");
  EXPECT_EQ(rejected["structuredContent"]["push_reason"], "pre-receive hook declined");
  EXPECT_EQ(main_is(), before);

  fs::remove(origin() / "hooks/pre-receive");
  const json merged = output("merge", {{"into", "main"}, {"push_to", "origin"}});
  EXPECT_EQ(merged["push_outcome"], "pushed");
  EXPECT_EQ(ask_in(origin(), "rev-parse main"), main_is());
  EXPECT_EQ(merged["commit"], main_is());
}

TEST_F(GitMerge, BeginsTheBaseFromTheRemoteWhenThereIsNone) {
  part(far);
  shell("git init -q --bare -b main " + origin().string());
  git("remote add origin " + origin().string());
  git("push -q origin main");
  git("branch -q -D main");
  EXPECT_EQ(output("merge", {{"into", "main"}})["outcome"], "merged");
  EXPECT_EQ(ask("rev-parse main^1"), ask("rev-parse origin/main"));
}

TEST_F(GitMerge, NeverMovesABranchUnderACheckout) {
  part(far);
  EXPECT_THAT(
      refused("merge", {{"into", "lane"}, {"branch", "main"}}), HasSubstr("is checked out in")
  );
  git("worktree add -q " + (home_.path() / "tree").string() + " main");
  EXPECT_THAT(refused("merge", {{"into", "main"}}), HasSubstr((home_.path() / "tree").string()));
  EXPECT_THAT(refused("merge", {{"into", "nope"}}), HasSubstr("there is no branch nope"));
}

}  // namespace opsroom::test

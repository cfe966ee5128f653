#include "workspace/lane_files.hpp"

#include <gmock/gmock.h>

namespace opsroom::workspace {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::int64_t long_ago = 1'000'000'000;
constexpr std::int64_t now = 60'000'000'000;

/// A lane with a base of two files, both in the shadow index.
class Files : public testing::Test {
 protected:
  Files() {
    files_.load(
        "100644 blob 1\ta\0"
        "040000 tree 2\tdir\0"
        "100644 blob 3\tdir/b\0"
        "160000 commit 4\tmod\0"s,
        "100644 1 0\ta\0"
        "100644 3 0\tdir/b\0"
        "160000 4 0\tmod\0"s
    );
    scan_.started_ns = now;
    scan_.files = {file("a"), file("dir/b")};
    scan_.gitlinks = {"mod"};
    apply({});
  }

  static ScannedFile file(std::string path, std::int64_t time = long_ago) {
    return ScannedFile{std::move(path), Stamp{0100644, 1, 1, time, time}};
  }

  static std::vector<std::string> paths(const std::vector<ScannedFile>& files) {
    std::vector<std::string> list;
    for (const ScannedFile& one : files)
      list.push_back(one.path);
    return list;
  }

  /// Plans the present scan, with these paths ignored by git.
  ChangePlan answered(std::unordered_set<std::string> ignored) {
    ChangePlan plan = files_.plan(scan_);
    files_.answer(plan, ignored);
    return plan;
  }
  ChangePlan apply(std::unordered_set<std::string> ignored) {
    ChangePlan plan = answered(std::move(ignored));
    files_.applied(plan);
    return plan;
  }

  LaneFiles files_;
  Scan scan_;
};

TEST_F(Files, UnchangedStampsAskNothing) {
  const ChangePlan plan = answered({});
  EXPECT_FALSE(plan.writes_index());
  EXPECT_THAT(plan.questions, IsEmpty());
}

TEST_F(Files, AFileWrittenAMomentBeforeTheWalkIsHashedAgain) {
  scan_.files[0] = file("a", now - 5'000'000);
  EXPECT_THAT(paths(apply({}).changed), ElementsAre("a"));
  EXPECT_THAT(paths(apply({}).changed), ElementsAre("a")) << "its stamp can't tell a later write";
  scan_.started_ns = now + 1'000'000'000;
  EXPECT_THAT(paths(apply({}).changed), ElementsAre("a"));
  EXPECT_THAT(paths(apply({}).changed), IsEmpty());
}

TEST_F(Files, OnlyTheInodeOrTheChangeTimeTellsARewriteWithAnOldDate) {
  scan_.files[0].stamp.ctime_ns += 1;
  EXPECT_THAT(paths(apply({}).changed), ElementsAre("a"));
  scan_.files[0].stamp.inode += 1;
  EXPECT_THAT(paths(apply({}).changed), ElementsAre("a"));
}

TEST_F(Files, MissingFilesAreRemovedUnlessTheirFolderWasUnreadable) {
  scan_.files.clear();
  EXPECT_THAT(files_.plan(scan_).removed, UnorderedElementsAre("a", "dir/b"));
  scan_.kept = {"dir/"};
  EXPECT_THAT(files_.plan(scan_).removed, ElementsAre("a"));
  scan_.kept = {"dir/", "a"};
  EXPECT_THAT(files_.plan(scan_).removed, IsEmpty());
}

TEST_F(Files, NewFilesAreAskedAboutOnce) {
  scan_.fresh_directories = {"out"};
  scan_.files.push_back(file("x"));
  scan_.files.push_back(file("y"));
  scan_.files.push_back(file("out/z"));
  const ChangePlan plan = apply({"y", "out", "out/z"});
  EXPECT_THAT(plan.questions, UnorderedElementsAre("x", "y", "out", "out/z"));
  EXPECT_THAT(paths(plan.changed), ElementsAre("x"));
  EXPECT_TRUE(files_.rules(1, 1).ignored_directories.contains("out"));
  scan_.files.pop_back();
  scan_.fresh_directories.clear();
  EXPECT_THAT(answered({}).questions, IsEmpty());
}

TEST_F(Files, ChangedRulesAreNoticedAndAskAgain) {
  scan_.files.push_back(file("x"));
  apply({});
  scan_.files.push_back(file("dir/.gitignore"));
  EXPECT_TRUE(files_.plan(scan_).rules_changed);
  files_.forget_judgements();
  const ChangePlan plan = apply({"x"});
  EXPECT_THAT(plan.removed, ElementsAre("x"));
  EXPECT_FALSE(files_.plan(scan_).rules_changed);
}

TEST_F(Files, FilesOfTheBaseAreNeverAskedAbout) {
  scan_.files[0].stamp.size = 2;
  files_.forget_judgements();
  const ChangePlan plan = answered({"a"});
  EXPECT_THAT(plan.questions, IsEmpty());
  EXPECT_THAT(paths(plan.changed), ElementsAre("a"));
}

TEST_F(Files, CommittedFilesAreNotHidden) {
  scan_.files.push_back(file("out/forced"));
  scan_.fresh_directories = {"out"};
  apply({"out", "out/forced"});
  EXPECT_TRUE(files_.set_committed("out/forced\0"s));
  EXPECT_FALSE(files_.set_committed("out/forced\0"s));
  const ChangePlan plan = apply({"out", "out/forced"});
  EXPECT_THAT(paths(plan.changed), ElementsAre("out/forced"));
  EXPECT_FALSE(files_.rules(1, 1).ignored_directories.contains("out"));
}

TEST_F(Files, SubmoduleFoldersComeAndGo) {
  scan_.gitlinks.clear();
  EXPECT_THAT(apply({}).missing_links, ElementsAre("mod"));
  scan_.gitlinks = {"mod"};
  EXPECT_THAT(apply({}).returned_links, ElementsAre("mod"));
  EXPECT_EQ(files_.link_commit("mod"), "4");
}

TEST_F(Files, ARefusedFileIsReportedUntilItChanges) {
  files_.refuse(file("x"), "git refuses it");
  scan_.files.push_back(file("x"));
  const ChangePlan plan = answered({});
  EXPECT_FALSE(plan.writes_index());
  ASSERT_EQ(plan.skipped.size(), 1u);
  scan_.files.back().stamp.size = 7;
  EXPECT_THAT(paths(answered({}).changed), ElementsAre("x"));
}

TEST_F(Files, IgnoredThingsAreNotReportedAsSkipped) {
  scan_.skipped = {{"out/", "nested repository", 0}, {"pipe", "fifo", 0}};
  const ChangePlan plan = answered({"out"});
  ASSERT_EQ(plan.skipped.size(), 1u);
  EXPECT_EQ(plan.skipped[0].path, "pipe");
}

}  // namespace
}  // namespace opsroom::workspace

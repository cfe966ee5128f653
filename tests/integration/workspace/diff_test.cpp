#include "integration/workspace/fixture.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

Json file_named(const LaneDiff& diff, const std::string& path) {
  for (const Json& file : diff.meta.at("files")) {
    if (file.at("path") == path) return file;
  }
  return nullptr;
}

std::vector<std::string> skipped(const LaneDiff& diff) {
  std::vector<std::string> list;
  for (const Json& one : diff.meta.at("skipped")) {
    list.push_back(one["path"].get<std::string>() + ": " + one["reason"].get<std::string>());
  }
  return list;
}

TEST_F(Lanes, AnUntouchedLaneHasNoDiff) {
  EXPECT_TRUE(nothing_new(*open()));
}

TEST_F(Lanes, TheDiffShowsModifiedDeletedNewAndRenamedFiles) {
  const auto lane = open();
  const fs::path at = lane->directory();
  put(at / "a.txt", "one\n2\nthree\nfour\n");
  fs::rename(at / "src" / "main.c", at / "src" / "program.c");
  put(at / "deep" / "er" / "new.txt", "1\n2\n3\n");
  put(at / "src" / "main.o", "ignored");
  put(at / "build" / "x" / "y", "ignored");
  const LaneDiff made = diff(*lane);
  EXPECT_THAT(
      changes(made), ElementsAre("M a.txt", "A deep/er/new.txt", "R src/main.c > src/program.c")
  );
  EXPECT_EQ(file_named(made, "a.txt")["added"], 1);
  EXPECT_EQ(file_named(made, "a.txt")["deleted"], 1);
  EXPECT_EQ(file_named(made, "deep/er/new.txt")["added"], 3);
  EXPECT_THAT(made.patch, HasSubstr("-two\n+2\n"));
  EXPECT_EQ(made.meta["base"], lane->base());
  EXPECT_EQ(made.meta["head"], lane->base());
  EXPECT_EQ(made.meta["branch"], "opsroom/s/A");
  EXPECT_EQ(made.meta["truncated"], false);
  EXPECT_THAT(made.meta["skipped"], IsEmpty());
}

TEST_F(Lanes, TheDiffComesOnceForEachStateOfTheLane) {
  const auto lane = open();
  put(lane->directory() / "new.txt", "1\n");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("A new.txt"));
  EXPECT_TRUE(nothing_new(*lane));
  put(lane->directory() / "new.txt", "2\n");
  EXPECT_THAT(diff(*lane).patch, HasSubstr("+2"));
  EXPECT_TRUE(nothing_new(*lane));
  fs::remove(lane->directory() / "new.txt");
  EXPECT_THAT(changes(diff(*lane)), IsEmpty()) << "an earlier diff is taken back by an empty one";
  EXPECT_TRUE(nothing_new(*lane));
}

TEST_F(Lanes, ManyRewritesOfTheSameSizeAreAllSeen) {
  const auto lane = open();
  for (int i = 0; i < 60; ++i) {
    const std::string content = std::to_string(100 + i) + "\n";
    put(lane->directory() / "same.txt", content);
    ASSERT_THAT(diff(*lane).patch, HasSubstr("+" + content)) << i;
  }
}

/// A file rewritten while git hashes would pass for known if the index looked younger than that.
TEST_F(Lanes, TheShadowIndexIsDatedBeforeTheHashing) {
  const auto lane = open();
  put(lane->directory() / "new.txt", "hashed after the walk\n");
  diff(*lane);
  const fs::path host = root_ / ".lanes" / "s" / "A.git";
  const std::string id = trimmed(sh(lane->directory(), "git hash-object new.txt"));
  const auto hashed = fs::last_write_time(host / "objects" / id.substr(0, 2) / id.substr(2));
  int indexes = 0;
  for (const std::string& name : names_in(host)) {
    if (!name.starts_with("index-") || name.ends_with(".open")) continue;
    EXPECT_LT(fs::last_write_time(host / name), hashed);
    ++indexes;
  }
  EXPECT_EQ(indexes, 1);
}

TEST_F(Lanes, ARewriteWithTheOldTimeAndSizeIsSeen) {
  const auto lane = open();
  sh(lane->directory(),
     "touch -r a.txt /tmp/opsroom-stamp.$$ && printf 'ONE\\ntwo\\nthree\\nfour\\n' > a.txt &&"
     "touch -r /tmp/opsroom-stamp.$$ a.txt && rm /tmp/opsroom-stamp.$$");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("M a.txt"));
}

TEST_F(Lanes, CommitsInTheLaneAreTakenOverAndStayInTheDiff) {
  const auto lane = open();
  const fs::path at = lane->directory();
  put(at / "a.txt", "changed\n");
  put(at / "forced.o", "object\n");
  sh(at, "git add -A && git add -f forced.o && git commit -qm work");
  put(at / "later.txt", "later\n");
  const LaneDiff made = diff(*lane);
  EXPECT_THAT(changes(made), ElementsAre("M a.txt", "A forced.o", "A later.txt"));
  const std::string head = trimmed(sh(at, "git rev-parse HEAD"));
  EXPECT_EQ(made.meta["head"], head);
  sh(root_ / ".lanes" / "s" / "A.git", "git --git-dir=. cat-file -e " + head);
}

TEST_F(Lanes, ACommitWithoutANewTreeIsNewsOfTheHead) {
  const auto lane = open();
  put(lane->directory() / "a.txt", "changed\n");
  const std::string before = diff(*lane).meta["head"];
  sh(lane->directory(), "git commit -qam work");
  const LaneDiff after = diff(*lane);
  EXPECT_NE(after.meta["head"], before);
  EXPECT_EQ(
      after.meta["head"].get<std::string>() + "\n", sh(lane->directory(), "git rev-parse HEAD")
  );
}

TEST_F(Lanes, ABrokenGitDirectoryDoesNotBreakTheDiff) {
  const std::vector<std::string> breaks = {
      "rm -rf .git",
      "rm -rf .git && ln -s /etc .git",
      "rm -rf .git && echo 'gitdir: /etc' > .git",
      "echo nonsense > .git/HEAD",
      "head -c 4096 /dev/urandom > .git/config",
      "rm -rf .git/objects",
  };
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    const auto lane = open("broken" + std::to_string(i));
    sh(lane->directory(), breaks[i]);
    put(lane->directory() / "new.txt", "new\n");
    const LaneDiff made = diff(*lane);
    EXPECT_THAT(changes(made), ElementsAre("A new.txt")) << breaks[i];
    EXPECT_TRUE(made.meta["head"].is_null()) << breaks[i];
    EXPECT_FALSE(made.meta["note"].get<std::string>().empty()) << breaks[i];
  }
}

TEST_F(Lanes, BinaryFilesSymbolicLinksAndModesAreShownAsSuch) {
  const auto lane = open();
  const fs::path at = lane->directory();
  put(at / "data.bin", std::string("\0\1\2", 3));
  fs::create_symlink("/etc/shadow", at / "link");
  fs::create_symlink("/etc", at / "folder");
  ::chmod((at / "a.txt").c_str(), 0755);
  fs::remove(at / "src" / "main.c");
  fs::create_symlink("../a.txt", at / "src" / "main.c");
  const LaneDiff made = diff(*lane);
  EXPECT_THAT(
      changes(made),
      UnorderedElementsAre("M a.txt", "A data.bin", "A link", "A folder", "T src/main.c")
  );
  EXPECT_EQ(file_named(made, "data.bin")["binary"], true);
  EXPECT_TRUE(file_named(made, "data.bin")["added"].is_null());
  EXPECT_THAT(made.patch, HasSubstr("+/etc/shadow\n"));
  EXPECT_THAT(made.patch, Not(HasSubstr("root:")));
  EXPECT_THAT(made.patch, HasSubstr("new mode 100755"));
}

TEST_F(Lanes, OddNamesAreFilesLikeOthers) {
  const auto lane = open();
  for (const char* name :
       {"new\nline",
        "-dash",
        ":(top)x",
        "quote\"d",
        "tab\tbed",
        "b\xff\xfe",
        "*",
        "git~1",
        "back\\slash",
        " ",
        "ünïcode"}) {
    put(lane->directory() / name, "x\n");
  }
  const LaneDiff made = diff(*lane);
  EXPECT_EQ(made.meta["file_count"], 11);
  for (const char* name :
       {"new\nline",
        "-dash",
        ":(top)x",
        "quote\"d",
        "b\xEF\xBF\xBD\xEF\xBF\xBD",
        "*",
        "git~1",
        "back\\slash",
        " ",
        "ünïcode"}) {
    EXPECT_FALSE(file_named(made, name).is_null()) << name;
  }
  EXPECT_NO_THROW(made.meta.dump());
  fs::rename(lane->directory() / "new\nline", lane->directory() / "-other\n");
  EXPECT_FALSE(file_named(diff(*lane), "-other\n").is_null());
}

TEST_F(Lanes, AFolderMayTakeTheNameOfAFileAndBack) {
  const auto lane = open();
  const fs::path at = lane->directory();
  fs::remove(at / "a.txt");
  put(at / "a.txt" / "inside", "x\n");
  fs::remove_all(at / "src");
  put(at / "src", "a file\n");
  EXPECT_THAT(
      changes(diff(*lane)),
      UnorderedElementsAre("D a.txt", "A a.txt/inside", "A src", "D src/main.c")
  );
  sh(at, "rm -rf a.txt src && git checkout -q .");
  EXPECT_THAT(changes(diff(*lane)), IsEmpty());
}

TEST_F(Lanes, AChangedGitignoreHidesAndShowsFiles) {
  const auto lane = open();
  const fs::path at = lane->directory();
  put(at / "build" / "out.txt", "out\n");
  put(at / "notes" / "n.txt", "n\n");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("A notes/n.txt"));
  put(at / ".gitignore", "notes/\n");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("M .gitignore", "A build/out.txt"));
  fs::remove(at / ".gitignore");
  EXPECT_THAT(
      changes(diff(*lane)), ElementsAre("D .gitignore", "A build/out.txt", "A notes/n.txt")
  );
}

TEST_F(Lanes, IgnoredFoldersAreNotWalkedAgainButTrackedFilesInThemAre) {
  sh(origin_, "mkdir build && echo 1 > build/kept && git add -f build/kept && git commit -qm kept");
  const auto lane = open();
  put(lane->directory() / "build" / "kept", "2\n");
  put(lane->directory() / "build" / "other", "x\n");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("M build/kept"));
  put(lane->directory() / "build" / "kept", "3\n");
  EXPECT_THAT(diff(*lane).patch, HasSubstr("+3"));
}

TEST_F(Lanes, WhatTheDiffDoesNotShowIsReported) {
  LaneOptions options;
  options.snapshot.file_bytes = 1000;
  pool_ = std::make_unique<GitLanePool>(spawner_, root_, options);
  sh(origin_, "head -c 500 /dev/zero > data && git add data && git commit -qm data");
  const auto lane = open();
  const fs::path at = lane->directory();
  put(at / "large.txt", std::string(1001, 'x'));
  put(at / "fits.txt", std::string(1000, 'x'));
  put(at / "data", std::string(2000, 'x'));
  put(at / "build" / "large", std::string(5000, 'x'));
  sh(at, "mkfifo pipe && git init -q nested && echo x > nested/file && mkdir -p .GIT");
  const LaneDiff made = diff(*lane);
  EXPECT_THAT(changes(made), ElementsAre("A fits.txt"));
  EXPECT_THAT(
      skipped(made),
      UnorderedElementsAre(
          "large.txt: too large",
          "data: too large",
          "pipe: fifo",
          "nested/: nested repository",
          ".GIT: a name git refuses"
      )
  );
  EXPECT_TRUE(nothing_new(*lane));
}

TEST_F(Lanes, ARepositoryPlantedInATrackedFolderHidesNothing) {
  const auto lane = open();
  sh(lane->directory(), "git init -q src && echo 'changed' > src/main.c");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("M src/main.c"));
}

TEST_F(Lanes, SubmodulesAreOpaque) {
  sh(folder_.path(), "git init -q sub && cd sub && git commit -q --allow-empty -m x");
  sh(origin_,
     "git -c protocol.file.allow=always submodule --quiet add ../sub mod && git commit -qm sub");
  const auto lane = open();
  EXPECT_TRUE(fs::is_directory(lane->directory() / "mod"));
  EXPECT_TRUE(nothing_new(*lane));
  put(lane->directory() / "mod" / "file", "x");
  EXPECT_THAT(skipped(diff(*lane)), ElementsAre("mod/: submodule"));
  fs::remove_all(lane->directory() / "mod");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("D mod"));
  fs::create_directory(lane->directory() / "mod");
  EXPECT_THAT(changes(diff(*lane)), IsEmpty());
}

TEST_F(Lanes, ALargePatchBecomesCounts) {
  LaneOptions options;
  options.patch.bytes = 10'000;
  pool_ = std::make_unique<GitLanePool>(spawner_, root_, options);
  const auto lane = open();
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += "line " + std::to_string(i) + "\n";
  put(lane->directory() / "long.txt", text);
  const LaneDiff made = diff(*lane);
  EXPECT_EQ(made.patch, "");
  EXPECT_EQ(made.meta["truncated"], true);
  EXPECT_EQ(file_named(made, "long.txt")["added"], 5000);
}

TEST_F(Lanes, AReopenedLaneKnowsItsDiffAtOnce) {
  {
    const auto lane = open();
    put(lane->directory() / "new.txt", "new\n");
    put(lane->directory() / "a.txt", "changed\n");
    diff(*lane);
  }
  EXPECT_FALSE(fs::exists(root_ / ".lanes" / "s" / "A.git" / "index.lock"));
  const auto again = open();
  EXPECT_THAT(changes(diff(*again)), ElementsAre("M a.txt", "A new.txt"));
}

Task<bool> ask_twice(LaneCheckout& lane) {
  using namespace asio::experimental::awaitable_operators;
  auto one = lane.diff();
  auto two = lane.diff();
  const auto [first, second] = co_await (std::move(one) && std::move(two));
  co_return first.has_value() != second.has_value();
}

TEST_F(Lanes, TwoDiffsAskedForAtOnceAreMadeOneAfterTheOther) {
  const auto lane = open();
  put(lane->directory() / "new.txt", "new\n");
  EXPECT_TRUE(run(ask_twice(*lane))) << "one of them has the diff, the other nothing new";
}

TEST_F(Lanes, ALargeTreeIsDiffedAndTheTimePrinted) {
  sh(origin_,
     "for d in $(seq 40); do mkdir -p tree/$d; for f in $(seq 50); do echo $d $f > tree/$d/$f; "
     "done; done;"
     "git add -A && git commit -qm tree");
  const auto timed = [](const char* what, auto work) {
    const auto start = Clock::now();
    work();
    const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - start).count();
    std::printf("  2000 files, %s: %lld ms\n", what, static_cast<long long>(took));
  };
  std::unique_ptr<LaneCheckout> lane;
  timed("open", [&] { lane = open(); });
  timed("first diff", [&] { EXPECT_TRUE(nothing_new(*lane)); });
  timed("nothing changed", [&] { EXPECT_TRUE(nothing_new(*lane)); });
  for (int i = 1; i <= 10; ++i)
    put(lane->directory() / "tree" / "7" / std::to_string(i), "changed\n");
  timed("10 changed", [&] { EXPECT_EQ(diff(*lane).meta["file_count"], 10); });
}

}  // namespace
}  // namespace opsroom::workspace

#include "integration/workspace/fixture.hpp"

#include <gmock/gmock.h>

#include <sys/mount.h>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Lanes, ALaneFolderThatIsGoneOrReplacedIsAFailureThatSaysWhatToDo) {
  const std::vector<std::pair<std::string, std::string>> breaks = {
      {"rm -rf A", "is gone"},
      {"mv A A2 && ln -s /etc A", "symbolic link"},
      {"mv A A3 && cp -r A3 A", "another one"},
      {"mv A A4 && touch A", "by a file"},
  };
  for (const auto& [script, words] : breaks) {
    const auto lane = open();
    put(lane->directory() / "new.txt", "new\n");
    diff(*lane);
    sh(root_ / "s", script);
    const Failure failure = diff_failure(*lane);
    EXPECT_THAT(failure.message(), HasSubstr("lane A of session s is broken")) << script;
    EXPECT_THAT(failure.message(), HasSubstr(words)) << script;
    EXPECT_THAT(failure.hint(), HasSubstr("Remove " + lane->directory().string()));
    sh(root_ / "s", "rm -rf A");
  }
}

TEST_F(Lanes, AFifoWhereGitLooksForRulesIsAFailureAndNoHang) {
  const auto lane = open();
  sh(lane->directory(), "mkfifo src/.gitattributes && echo x > src/y");
  const Failure failure = diff_failure(*lane);
  EXPECT_THAT(failure.message(), HasSubstr("src/.gitattributes"));
  fs::remove(lane->directory() / "src" / ".gitattributes");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("A src/y"));
}

TEST_F(Lanes, ALockThatAKilledGitLeftDoesNotStopTheHost) {
  const auto lane = open();
  put(lane->directory() / "new.txt", "new\n");
  for (const std::string& name : names_in(root_ / ".lanes" / "s" / "A.git")) {
    if (name.ends_with(".open")) {
      put(root_ / ".lanes" / "s" / "A.git" / (name.substr(0, name.size() - 5) + ".lock"), "");
    }
  }
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("A new.txt"));
}

TEST_F(Lanes, AGitThatWorksWhenItsHostIsNotTrustedAnyMoreIsKilled) {
  open();
  Git git(spawner_, root_);
  git.trust_until(Clock::now() + std::chrono::milliseconds(300));
  GitCall call;
  call.git_dir = root_ / ".lanes" / "s" / "A.git";
  call.args = {"-c", "alias.hang=!sleep 1000", "hang"};
  call.timeout = std::chrono::minutes(10);
  const process::CommandResult result = run(git.run(std::move(call)));
  EXPECT_EQ(result.status.text(), "killed by SIGKILL");
  // A lane that is opened afterwards is under the trust of who opens it.
  pool_->trust_until(Clock::now() + std::chrono::minutes(1));
  open("B");
}

/// A file system of 2 MiB, for as long as this lives.
struct SmallDisk {
  explicit SmallDisk(const fs::path& path) : folder(path) {
    fs::create_directory(folder);
    const std::string mount =
        "mount -t tmpfs -o size=2m none '" + folder.string() + "' 2> /dev/null";
    mounted = ::geteuid() == 0 && std::system(mount.c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted) ::umount2(folder.c_str(), MNT_DETACH);
  }
  fs::path folder;
  bool mounted = false;
};

TEST_F(Lanes, AFullDiskIsSaidAndTheNextDiffIsWhole) {
  const SmallDisk disk(folder_.path() / "small");
  if (!disk.mounted) GTEST_SKIP() << "needs to mount a tmpfs";
  const fs::path& small = disk.folder;
  {
    GitLanePool pool(spawner_, small / "lanes");
    const auto lane = run(pool.open(request()));
    sh(lane->directory(), "head -c 1400k /dev/urandom > random");
    const Failure failure = diff_failure(*lane);
    EXPECT_EQ(failure.code(), Code::exhausted);
    EXPECT_THAT(failure.message(), HasSubstr("No space left"));
    EXPECT_THAT(failure.hint(), HasSubstr("The disk is full"));
    sh(small, "head -c 4m /dev/zero > filler 2> /dev/null || true");
    const Failure second = [&] {
      try {
        run(pool.open(request("B")));
      } catch (const Failure& full) {
        return full;
      }
      return Failure(Code::internal, "it opened");
    }();
    EXPECT_EQ(second.code(), Code::exhausted) << second.what();
    EXPECT_FALSE(fs::exists(small / "lanes" / "s" / "B"));
    fs::remove(small / "filler");
    fs::remove(lane->directory() / "random");
    put(lane->directory() / "new.txt", "new\n");
    EXPECT_THAT(changes(diff(*lane)), ElementsAre("A new.txt"));
  }
}

}  // namespace
}  // namespace opsroom::workspace

#include "integration/workspace/fixture.hpp"
#include "process/process_tree.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

#include <unistd.h>

namespace opsroom::workspace {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(Lanes, OpeningMakesAnOrdinaryCheckoutOnItsOwnBranch) {
  const auto lane = open();
  EXPECT_EQ(lane->directory(), root_ / "s" / "A");
  EXPECT_EQ(lane->branch(), "opsroom/s/A");
  EXPECT_EQ(read_file(lane->directory() / "a.txt"), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(sh(lane->directory(), "git branch --show-current"), "opsroom/s/A\n");
  EXPECT_EQ(sh(lane->directory(), "git rev-parse HEAD"), lane->base() + "\n");
  EXPECT_EQ(sh(lane->directory(), "git status --porcelain"), "");
  EXPECT_EQ(sh(lane->directory(), "git remote get-url origin"), origin_.string() + "\n");
  EXPECT_EQ(sh(lane->directory(), "git log --oneline origin/main | wc -l"), "2\n");
  EXPECT_FALSE(fs::exists(lane->directory() / ".git" / "hooks"));
  EXPECT_EQ(sh(lane->directory(), "git config --get user.name || echo none"), "none\n");
}

TEST_F(Lanes, ALaneThatExistsIsUsedAsItIs) {
  const std::string base = open()->base();
  put(root_ / "s" / "A" / "kept.txt", "kept\n");
  sh(origin_, "git commit -q --allow-empty -m third");
  const auto again = open();
  EXPECT_EQ(again->base(), base);
  EXPECT_EQ(read_file(root_ / "s" / "A" / "kept.txt"), "kept\n");
  EXPECT_NE(open("B")->base(), base) << "a new lane starts from the repository as it is now";
}

TEST_F(Lanes, TheBaseMayBeABranchATagOrACommit) {
  const std::string first = trimmed(sh(origin_, "git rev-parse v1"));
  EXPECT_EQ(open(request("tag", "v1"))->base(), first);
  EXPECT_EQ(open(request("branch", "topic"))->base(), first);
  EXPECT_EQ(open(request("remote", "origin/topic"))->base(), first);
  EXPECT_EQ(open(request("commit", first))->base(), first);
  EXPECT_EQ(open(request("short", first.substr(0, 10)))->base(), first);
}

TEST_F(Lanes, ACommitTheHubHasNeedsNoContact) {
  const std::string first = trimmed(sh(origin_, "git rev-parse v1"));
  open();
  fs::rename(origin_, folder_.path() / "away");
  EXPECT_EQ(open(request("B", first))->base(), first);
  const Failure failure = open_failure(request("C"));
  EXPECT_EQ(failure.code(), Code::not_found);
}

TEST_F(Lanes, AnUnknownBaseIsNamedWithANearOne) {
  const Failure failure = open_failure(request("A", "topci"));
  EXPECT_EQ(failure.code(), Code::not_found);
  EXPECT_THAT(failure.message(), HasSubstr(origin_.string()));
  EXPECT_THAT(failure.message(), HasSubstr("'topci'"));
  EXPECT_THAT(failure.hint(), HasSubstr("'topic'"));
  EXPECT_FALSE(fs::exists(root_ / "s" / "A"));
}

TEST_F(Lanes, ADetachedHeadIsTheDefaultBase) {
  sh(origin_, "git checkout -q --detach && git commit -q --allow-empty -m loose");
  EXPECT_EQ(open()->base() + "\n", sh(origin_, "git rev-parse HEAD"));
}

TEST_F(Lanes, AForcePushedBranchIsFollowed) {
  open();
  sh(origin_, "git commit -q --amend -m other");
  EXPECT_EQ(open("B")->base() + "\n", sh(origin_, "git rev-parse HEAD"));
}

TEST_F(Lanes, AnEmptyRepositoryAndNoneBeginWithAnEmptyCommit) {
  const fs::path empty = folder_.path() / "empty";
  sh(folder_.path(), "git init -q empty");
  for (const std::string& repository : {empty.string(), std::string()}) {
    const std::string lane_name = repository.empty() ? "none" : "empty";
    const auto lane = open(LaneRequest{"s", lane_name, repository, ""});
    EXPECT_TRUE(nothing_new(*lane));
    put(lane->directory() / "new.txt", "new\n");
    EXPECT_THAT(changes(diff(*lane)), ElementsAre("A new.txt"));
    EXPECT_EQ(sh(lane->directory(), "git log --oneline | wc -l"), "1\n");
  }
}

TEST_F(Lanes, AnEmptyRepositoryThatGrewGivesItsCommitsToNewLanes) {
  sh(folder_.path(), "git init -q -b main empty");
  const fs::path empty = folder_.path() / "empty";
  open(LaneRequest{"s", "A", empty.string(), ""});
  sh(empty, "git commit -q --allow-empty -m first");
  EXPECT_EQ(
      open(LaneRequest{"s", "B", empty.string(), ""})->base() + "\n",
      sh(empty, "git rev-parse HEAD")
  );
}

TEST_F(Lanes, FileUrlsAndSha256RepositoriesWork) {
  EXPECT_EQ(open(LaneRequest{"s", "url", "file://" + origin_.string(), ""})->base().size(), 40u);
  sh(folder_.path(),
     "git init -q --object-format=sha256 big && cd big && echo x > x && git add x && git commit "
     "-qm x");
  const auto lane = open(LaneRequest{"s", "big", (folder_.path() / "big").string(), ""});
  EXPECT_EQ(lane->base().size(), 64u);
  put(lane->directory() / "x", "y\n");
  EXPECT_THAT(changes(diff(*lane)), ElementsAre("M x"));
}

TEST_F(Lanes, ARepositoryOfAnotherUserWorks) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a repository away";
  sh(origin_, "chown -R 65534:65534 .");
  EXPECT_EQ(sh(open()->directory(), "git status --porcelain"), "");
}

TEST_F(Lanes, WhatCanNotBeClonedIsNamedWithReasonAndRemedyAndLeavesNothing) {
  put(folder_.path() / "plain" / "file", "x");
  struct Case {
    std::string repository;
    Code code;
    std::string words;
  };
  const std::vector<Case> cases = {
      {(folder_.path() / "nowhere").string(), Code::not_found, "no such directory"},
      {(folder_.path() / "plain").string(), Code::not_found, "not appear to be a git repository"},
      {"file://" + (folder_.path() / "nowhere").string(), Code::not_found, "nowhere"},
      {"https://user:secret@127.0.0.1:1/x.git", Code::unavailable, "onnect"},
      {"ssh://127.0.0.1:1/x.git", Code::unavailable, "refused"},
      {"git@127.0.0.1:x.git", Code::unavailable, "127.0.0.1"},
  };
  for (const Case& one : cases) {
    const bool ssh = one.repository.starts_with("ssh") || one.repository.starts_with("git@");
    if (ssh && std::system("command -v ssh > /dev/null") != 0) continue;
    const Failure failure = open_failure(LaneRequest{"s", "A", one.repository, ""});
    if (!one.repository.starts_with("git@")) EXPECT_EQ(failure.code(), one.code) << failure.what();
    EXPECT_THAT(failure.what(), HasSubstr(one.words));
    EXPECT_THAT(failure.what(), Not(HasSubstr("secret")));
    EXPECT_THAT(failure.message(), HasSubstr("cannot clone '"));
    EXPECT_FALSE(failure.hint().empty());
    EXPECT_FALSE(fs::exists(root_ / "s" / "A"));
    EXPECT_THAT(names_in(root_ / ".lanes" / "s"), ElementsAre("A.lock"));
  }
  for (const std::string& name : names_in(root_ / ".hubs"))
    EXPECT_THAT(name, HasSubstr(".lock"));
}

TEST_F(Lanes, NamesThatAreNoFolderOrBranchAreRefusedBeforeGitRuns) {
  for (const char* name :
       {"", ".", "..", "-x", "a..b", "a b", "x.lock", "a/b", "a@{b", "é", "x."}) {
    EXPECT_EQ(open_failure(LaneRequest{"s", name, "", ""}).code(), Code::invalid) << name;
    EXPECT_EQ(open_failure(LaneRequest{name, "A", "", ""}).code(), Code::invalid) << name;
  }
  EXPECT_EQ(open_failure(LaneRequest{"s", std::string(65, 'a'), "", ""}).code(), Code::invalid);
  EXPECT_THAT(names_in(root_), IsEmpty());
}

TEST_F(Lanes, ALaneOfAnotherRepositoryIsNotTakenForThisOne) {
  open();
  sh(folder_.path(), "git init -q other");
  const Failure failure =
      open_failure(LaneRequest{"s", "A", (folder_.path() / "other").string(), ""});
  EXPECT_EQ(failure.code(), Code::conflict);
  EXPECT_THAT(failure.message(), HasSubstr("lane A of session s is a checkout of"));
}

Task<> open_into(
    GitLanePool& pool, LaneRequest request, std::vector<std::unique_ptr<LaneCheckout>>& lanes
) {
  auto opening = pool.open(std::move(request));
  lanes.push_back(co_await std::move(opening));
}

TEST_F(Lanes, EightLanesOfOneRepositoryOpenAtOnce) {
  std::vector<std::unique_ptr<LaneCheckout>> lanes;
  std::vector<std::string> errors;
  for (int i = 0; i < 8; ++i) {
    const LaneRequest wanted = request("lane" + std::to_string(i));
    asio::co_spawn(io_, open_into(*pool_, wanted, lanes), [&](std::exception_ptr error) {
      try {
        if (error) std::rethrow_exception(error);
      } catch (const std::exception& failure) {
        errors.emplace_back(failure.what());
      }
    });
  }
  io_.run_for(std::chrono::seconds(60));
  EXPECT_THAT(errors, IsEmpty());
  ASSERT_EQ(lanes.size(), 8u);
  for (const auto& lane : lanes) {
    EXPECT_EQ(sh(lane->directory(), "git status --porcelain && git fsck 2>&1"), "");
  }
}

TEST_F(Lanes, TwoPoolsShareARootAndMakeALaneOnce) {
  GitLanePool other(spawner_, root_);
  std::vector<std::unique_ptr<LaneCheckout>> lanes;
  int failures = 0;
  for (GitLanePool* pool : {pool_.get(), &other}) {
    asio::co_spawn(io_, open_into(*pool, request(), lanes), [&](std::exception_ptr error) {
      failures += error ? 1 : 0;
    });
  }
  io_.run_for(std::chrono::seconds(60));
  EXPECT_EQ(failures, 0);
  ASSERT_EQ(lanes.size(), 2u);
  put(root_ / "s" / "A" / "new.txt", "new\n");
  EXPECT_THAT(changes(diff(*lanes[0])), ElementsAre("A new.txt"));
  EXPECT_THAT(changes(diff(*lanes[1])), ElementsAre("A new.txt"));
}

TEST_F(Lanes, LanesShareNeitherRefsNorConfigurationNorFiles) {
  const auto a = open("A");
  const auto b = open("B");
  sh(a->directory(),
     "git config user.name mallory && git config core.fsmonitor 'touch /tmp/never' &&"
     "git branch secret && echo x > only-a && git add -A && git stash -q");
  EXPECT_EQ(sh(b->directory(), "git config --get user.name || echo none"), "none\n");
  EXPECT_EQ(
      sh(b->directory(), "git branch --list secret; git stash list; ls only-a 2>&1 | wc -l"), "1\n"
  );
  EXPECT_TRUE(nothing_new(*b));
}

TEST_F(Lanes, WhatAKilledBuildLeftIsRemoved) {
  open("B");
  const fs::path host = root_ / ".lanes" / "s";
  put(host / "A.tmp" / "checkout" / "half", "x");
  put(host / "A.tmp" / "host.git" / "HEAD", "x");
  for (const std::string& name : names_in(root_ / ".hubs")) {
    if (name.ends_with(".git")) put(root_ / ".hubs" / (name + ".tmp") / "HEAD", "x");
  }
  EXPECT_TRUE(nothing_new(*open()));
  EXPECT_FALSE(fs::exists(host / "A.tmp"));
  EXPECT_FALSE(fs::exists(root_ / "s" / "A" / "half"));
}

TEST_F(Lanes, ABuildThatDiedBetweenItsTwoRenamesIsMadeAnew) {
  {
    const auto lane = open();
  }
  const fs::path host = root_ / ".lanes" / "s";
  fs::create_directories(host / "A.tmp");
  fs::rename(root_ / "s" / "A", host / "A.tmp" / "checkout");
  EXPECT_TRUE(nothing_new(*open()));
  EXPECT_FALSE(fs::exists(root_ / ".lost"));
}

TEST_F(Lanes, AHubThatWasHalfMadeIsMadeAnew) {
  const std::string name = parse_repository(origin_.string()).hub_name();
  put(root_ / ".hubs" / (name + ".git.tmp") / "config", "nonsense");
  EXPECT_TRUE(nothing_new(*open()));
  EXPECT_THAT(names_in(root_ / ".hubs"), ElementsAre(name + ".git", name + ".lock"));
}

TEST_F(Lanes, ARemovedCheckoutIsMadeAnewAndItsSnapshotsAreKept) {
  {
    const auto lane = open();
    put(lane->directory() / "new.txt", "new\n");
    diff(*lane);
  }
  fs::remove_all(root_ / "s" / "A");
  EXPECT_TRUE(nothing_new(*open()));
  EXPECT_EQ(names_in(root_ / ".lost").size(), 1u);
}

TEST_F(Lanes, IndexesOfDeadHostsAreRemovedAndLiveOnesStay) {
  const auto lane = open();
  const fs::path host = root_ / ".lanes" / "s" / "A.git";
  put(host / "index-dead", "x");
  put(host / "index-dead.open", "");
  const auto second = open();
  EXPECT_FALSE(fs::exists(host / "index-dead"));
  EXPECT_TRUE(nothing_new(*lane));
  EXPECT_TRUE(nothing_new(*second));
}

TEST_F(Lanes, TheHubKeepsABaseThatTheRepositoryDropped) {
  const auto lane = open(request("A", "topic"));
  sh(origin_, "git branch -D -q topic && git tag -d v1 > /dev/null");
  open("B");
  const std::string hub =
      (root_ / ".hubs" / (parse_repository(origin_.string()).hub_name() + ".git"));
  sh(hub, "git --git-dir=. rev-parse --verify -q refs/opsroom/bases/s/A");
  sh(hub, "git --git-dir=. gc -q --prune=now");
  EXPECT_EQ(sh(lane->directory(), "git fsck --no-dangling 2>&1; git status --porcelain"), "");
}

using asio::ip::tcp;

Task<> hear_a_caller(tcp::acceptor& remote, tcp::socket& caller, Clock::time_point& when) {
  co_await remote.async_accept(caller, asio::use_awaitable);
  when = Clock::now();
}

Task<> open_and_drop(GitLanePool& pool, LaneRequest wanted) {
  co_await pool.open(std::move(wanted));
}

/// Cancels the opening as soon as git has reached a remote that never says a word; returns how long
/// the opening took to end.
Task<Clock::duration> cancel_at_the_remote(
    GitLanePool& pool, tcp::acceptor& remote, LaneRequest wanted
) {
  tcp::socket caller(co_await asio::this_coro::executor);
  Clock::time_point reached = Clock::time_point::max();
  auto hearing = hear_a_caller(remote, caller, reached);
  auto opening = open_and_drop(pool, std::move(wanted));
  const bool opened = co_await before(std::move(hearing), std::move(opening));
  EXPECT_FALSE(opened);
  co_return Clock::now() - reached;
}

TEST_F(Lanes, ACancelledOpeningEndsAtOnceAndLeavesNothing) {
  ::setenv("no_proxy", "127.0.0.1", 1);
  tcp::acceptor remote(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  LaneRequest wanted = request();
  wanted.repository =
      "https://127.0.0.1:" + std::to_string(remote.local_endpoint().port()) + "/r.git";
  const auto took = run(cancel_at_the_remote(*pool_, remote, wanted));
  EXPECT_LT(took, std::chrono::seconds(6));
  EXPECT_TRUE(process::children_of(::getpid()).empty());
  EXPECT_FALSE(fs::exists(root_ / "s" / "A"));
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.is_directory()) EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  }
  EXPECT_TRUE(fs::exists(open()->directory())) << "the lane is free for another repository";
}

}  // namespace
}  // namespace opsroom::workspace

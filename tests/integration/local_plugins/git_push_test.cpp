#include "git_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class GitPush : public GitFixture {
 protected:
  void SetUp() override {
    GitFixture::SetUp();
    start();
    add_origin();
  }
  void commit_here(const std::string& text) {
    put("a", text);
    save("Here");
  }
  /// Somebody else pushes to main.
  void commit_there() {
    const fs::path other = home_.path() / "other";
    shell("git clone -q " + origin().string() + " " + other.string());
    std::ofstream(other / "b") << "theirs\n";
    shell(
        "cd " + other.string() +
        " && git add -A && git -c user.name=O -c user.email=o@x commit -q "
        "-m Theirs && git push -q origin main"
    );
  }
  std::string there(const std::string& ref) { return ask_in(origin(), "rev-parse " + ref); }
};

}  // namespace

TEST_F(GitPush, PushesTheCurrentBranch) {
  commit_here("2\n");
  const json result = output("push");
  EXPECT_EQ(result["outcome"], "pushed");
  EXPECT_EQ(result["ref"], "refs/heads/main");
  EXPECT_EQ(result["url"], origin().string());
  EXPECT_EQ(result["commit"], ask("rev-parse HEAD"));
  EXPECT_EQ(there("main"), ask("rev-parse HEAD"));
  EXPECT_EQ(output("push")["outcome"], "up_to_date") << "safe to repeat";
}

TEST_F(GitPush, TakesANamedRefspecAndAFileUrl) {
  EXPECT_EQ(output("push", {{"refspec", "HEAD:topic"}})["outcome"], "created");
  EXPECT_EQ(there("topic"), ask("rev-parse HEAD"));
  git("tag v1");
  EXPECT_EQ(output("push", {{"refspec", "v1"}})["ref"], "refs/tags/v1");
  EXPECT_EQ(
      output(
          "push", {{"remote", "file://" + origin().string()}, {"refspec", "main:two"}}
      )["outcome"],
      "created"
  );
  EXPECT_THAT(refused("push", {{"refspec", "nope:x"}}), HasSubstr("\"nope\" is no commit here"));
  EXPECT_THAT(refused("push", {{"refspec", "main:a..b"}}), HasSubstr("is no name for a branch"));
}

TEST_F(GitPush, ARejectionNamesTheReasonAndTheRemedy) {
  commit_there();
  const std::string theirs = there("main");
  commit_here("mine\n");
  const json result = call("push");
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["structuredContent"]["outcome"], "rejected");
  EXPECT_EQ(result["structuredContent"]["reason"], "fetch first");
  EXPECT_THAT(text_of(result), HasSubstr("fetch and merge them, then push again"));
  EXPECT_EQ(there("main"), theirs);
  git("fetch -q origin");
  EXPECT_EQ(call("push")["structuredContent"]["reason"], "non-fast-forward");
}

TEST_F(GitPush, ForcesOnlyWhenAsked) {
  commit_there();
  commit_here("mine\n");
  EXPECT_THAT(refused("push", {{"refspec", "+main"}}), HasSubstr("say force: true"));
  git("fetch -q origin");
  const json stale = call("push", {{"force", true}, {"expected", "HEAD"}});
  EXPECT_EQ(stale["structuredContent"]["reason"], "stale info");
  const json forced = output("push", {{"force", true}, {"expected", "origin/main"}});
  EXPECT_EQ(forced["outcome"], "forced");
  EXPECT_EQ(there("main"), ask("rev-parse HEAD"));
  output("push", {{"refspec", "main:topic"}});
  EXPECT_THAT(refused("push", {{"refspec", ":topic"}}), HasSubstr("would delete refs/heads/topic"));
  EXPECT_EQ(output("push", {{"refspec", ":topic"}, {"force", true}})["outcome"], "deleted");
}

TEST_F(GitPush, AHookThatDeclinesIsQuoted) {
  program(origin() / "hooks/pre-receive", "echo 'ticket number missing' >&2\nexit 1\n");
  commit_here("2\n");
  const json result = call("push");
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["structuredContent"]["reason"], "pre-receive hook declined");
  EXPECT_EQ(result["structuredContent"]["messages"][0], "ticket number missing");
  EXPECT_THAT(text_of(result), HasSubstr("remote: ticket number missing"));
  EXPECT_THAT(server_->logged("stderr"), HasSubstr("remote: ticket number missing"));
}

TEST_F(GitPush, AnUnknownRemoteIsNamedWithTheOnesThereAre) {
  EXPECT_EQ(
      refused("push", {{"remote", "upstream"}}),
      "there is no remote upstream; there is origin, or give a URL"
  );
  EXPECT_THAT(
      refused("push", {{"remote", "/nowhere/x.git"}}),
      HasSubstr("check the address: there is no repository")
  );
  EXPECT_THAT(refused("push", {{"remote", "--upload-pack=x"}}), HasSubstr("is no remote"));
}

TEST_F(GitPush, NeverRunsACommandThatPosesAsAnAddress) {
  git("config protocol.ext.allow always");
  git("remote add evil 'ext::touch " + (home_.path() / "ran").string() + "'");
  EXPECT_THAT(
      refused("push", {{"remote", "evil"}}), HasSubstr("only file, git, http, https and ssh")
  );
  EXPECT_FALSE(fs::exists(home_.path() / "ran"));
}

TEST_F(GitPush, RefusesARemoteInsideTheCheckout) {
  shell("git init -q --bare " + at("inner.git").string());
  git("remote add inner inner.git");
  EXPECT_THAT(refused("push", {{"remote", "inner"}}), HasSubstr("stands inside of the checkout"));
}

TEST_F(GitPush, HidesThePasswordInAnAddress) {
  git("remote add web http://me:secret@127.0.0.1:1/x.git");
  const std::string said = refused("push", {{"remote", "web"}});
  EXPECT_THAT(said, HasSubstr("http://me@127.0.0.1:1/x.git"));
  EXPECT_EQ(said.find("secret"), std::string::npos) << said;
}

TEST_F(GitPush, ACancelEndsItEvenWhenTheRemoteHangs) {
  program(
      origin() / "hooks/pre-receive",
      "touch " + (home_.path() / "waiting").string() + "\nexec sleep 1000\n"
  );
  commit_here("2\n");
  const int id = server_->start("push", json::object());
  ASSERT_TRUE(eventually([&] { return fs::exists(home_.path() / "waiting"); }));
  server_->cancel(id);
  EXPECT_EQ(server_->legacy("ping")["result"], json::object());
  EXPECT_EQ(output("branch")["current"], "main") << "the next call is not kept waiting";
}

TEST_F(GitPush, ATimeoutIsNamed) {
  program(origin() / "hooks/pre-receive", "exec sleep 1000\n");
  commit_here("2\n");
  EXPECT_THAT(refused("push", {{"timeout_seconds", 1}}), HasSubstr("took longer than 1 seconds"));
}

}  // namespace opsroom::test

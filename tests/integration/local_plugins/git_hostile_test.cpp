#include "git_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// A checkout whose own .git/config names a program wherever git takes one. Each leaves its name in
/// a file; not one of them may run.
class HostileRepository : public GitFixture {
 protected:
  fs::path trap(const std::string& name, const std::string& then = "") {
    const fs::path file = home_.path() / "traps" / name;
    program(file, "echo " + name + " >> " + sprung().string() + "\n" + then);
    return file;
  }
  fs::path sprung() const { return home_.path() / "sprung"; }
  void config(const std::string& key, const fs::path& program) {
    git("config " + key + " '" + program.string() + "'");
  }

  void arm() {
    start();
    add_origin();
    put(".gitattributes", "*.txt filter=evil diff=evil merge=evil\n");
    put("t.txt", "1\n");
    save("Base");
    git("branch lane");
    put("t.txt", "2\n");
    save("Theirs");
    git("checkout -q lane");
    put("t.txt", "3\n");
    save("Ours");
    arm_nested(at("nested"));
    save("Nested");
    config("core.fsmonitor", trap("fsmonitor"));
    config("filter.evil.clean", trap("clean", "cat\n"));
    config("filter.evil.smudge", trap("smudge", "cat\n"));
    git("config filter.evil.required true");
    config("diff.external", trap("external"));
    config("diff.evil.command", trap("diff-command"));
    config("diff.evil.textconv", trap("textconv", "cat \"$1\"\n"));
    config("merge.evil.driver", trap("driver"));
    config("core.sshCommand", trap("ssh"));
    config("core.askPass", trap("askpass"));
    config("core.editor", trap("editor"));
    config("core.pager", trap("pager", "cat\n"));
    config("gpg.program", trap("gpg"));
    git("config commit.gpgSign true");
    git("config log.showSignature true");
    git("config push.gpgSign if-asked");
    config("credential.helper", trap("credential"));
    config("remote.origin.receivepack", trap("receivepack"));
    git("config core.hooksPath " + (home_.path() / "hooks").string());
    for (const char* hook :
         {"pre-commit",
          "commit-msg",
          "prepare-commit-msg",
          "post-commit",
          "post-checkout",
          "pre-push",
          "reference-transaction",
          "post-index-change",
          "post-rewrite",
          "pre-auto-gc"})
      program(
          home_.path() / "hooks" / hook, "echo " + std::string(hook) + " >> " + sprung().string()
      );
    fs::remove(sprung());
  }

  /// A repository within the checkout, known to the outer one, with a configuration of its own and
  /// a change that makes git look closer.
  void arm_nested(const fs::path& nested) {
    shell("git init -q -b main " + nested.string());
    std::ofstream(nested / ".gitattributes") << "* filter=evil\n";
    std::ofstream(nested / "x") << "1\n";
    shell(
        "cd " + nested.string() +
        " && git add -A && git -c user.name=N -c user.email=n@x commit -q -m N"
    );
    shell(
        "git -C " + nested.string() + " config filter.evil.clean '" +
        trap("nested-clean", "cat\n").string() + "'"
    );
    shell(
        "git -C " + nested.string() + " config core.fsmonitor '" +
        trap("nested-fsmonitor").string() + "'"
    );
  }
  void touch_nested() const { std::ofstream(at("nested/x")) << "2\n"; }
};

}  // namespace

TEST_F(HostileRepository, ItsProgramsDoRunUnderPlainGit) {
  arm();
  put("t.txt", "4\n");
  touch_nested();
  std::system(("cd " + directory_.path().string() +
               "; git status; git diff; git add -A; git -c user.name=P -c user.email=p@x commit -m "
               "x </dev/null; git push origin lane"
               " >/dev/null 2>&1")
                  .c_str());
  const std::string ran = contents(sprung());
  for (const char* name : {"fsmonitor", "clean", "external", "pre-commit", "gpg", "nested-clean"})
    EXPECT_THAT(ran, HasSubstr(name)) << "else the tests below prove nothing";
}

TEST_F(HostileRepository, NoneOfThemRunsUnderTheTools) {
  arm();
  const auto still = [&](const char* what) { EXPECT_EQ(contents(sprung()), "") << what; };
  put("t.txt", "4\n");
  put("new.txt", "n\n");
  touch_nested();
  output("status");
  still("status");
  output("diff");
  output("diff", {{"from", "main"}, {"to", "lane"}});
  still("diff");
  output("commit", {{"message", "Work"}});
  still("commit");
  EXPECT_EQ(
      ask("-c core.fsmonitor=false show --no-ext-diff --no-textconv --no-show-signature lane:t.txt"
      ),
      "4"
  );
  fs::remove(sprung());
  put("t.txt", "5\n");
  output("commit", {{"message", "Path"}, {"paths", {"t.txt"}}});
  still("commit of a path");
  output("log");
  still("log");
  output("branch", {{"action", "create"}, {"name", "side"}, {"from", "main"}});
  output("branch", {{"action", "switch"}, {"name", "side"}});
  output("branch", {{"action", "switch"}, {"name", "lane"}});
  output("branch", {{"action", "delete"}, {"name", "side"}, {"force", true}});
  still("branch");
  output("push", {{"refspec", "lane"}});
  still("push");
  call("push", {{"remote", "ssh://127.0.0.1:1/x.git"}, {"refspec", "lane"}});
  call("push", {{"remote", "http://127.0.0.1:1/x.git"}, {"refspec", "lane"}});
  still("push over ssh and http");
  EXPECT_EQ(call("merge", {{"into", "main"}})["structuredContent"]["outcome"], "conflict")
      << "the driver is not asked, so git's own merge finds the conflict";
  still("merge");
}

TEST_F(HostileRepository, NoAddressOfItsLeadsAPushIntoTheCheckout) {
  start();
  add_origin();
  const fs::path inside = at("evil.git");
  shell("git init -q --bare " + inside.string());
  program(inside / "hooks/post-receive", "echo receive >> " + sprung().string());
  git("config url." + inside.string() + ".insteadOf https://example.org/one.git");
  git("config url." + inside.string() + ".pushInsteadOf https://example.org/two");
  git("config --add remote.origin.pushurl " + origin().string());
  git("config --add remote.origin.pushurl " + inside.string());
  for (const char* remote :
       {"https://example.org/one.git", "https://example.org/two.git", "origin"}) {
    EXPECT_THAT(
        refused("push", {{"remote", remote}, {"refspec", "HEAD:x"}}),
        HasSubstr("stands inside of the checkout")
    ) << remote;
    git("checkout -q --detach");
    EXPECT_EQ(call("merge", {{"into", "main"}, {"push_to", remote}})["isError"], true) << remote;
    git("checkout -q main");
  }
  EXPECT_EQ(contents(sprung()), "");
}

TEST_F(HostileRepository, ItChoosesNoProxy) {
  start();
  const json push{{"remote", "http://127.0.0.1:1/x.git"}, {"refspec", "main"}};
  for (const char* key : {"http.proxy", "http.http://127.0.0.1:1/.proxy"}) {
    git("config " + std::string(key) + " http://127.0.0.1:2");
    const std::string said = refused("push", push);
    EXPECT_THAT(said, HasSubstr("127.0.0.1 port 1 ")) << key;
    EXPECT_THAT(said, testing::Not(HasSubstr("port 2 "))) << key;
  }
}

TEST_F(HostileRepository, AWorkTreeElsewhereIsNotLookedAt) {
  start();
  const TempDir outside;
  std::ofstream(outside.path() / "secret") << "x\n";
  git("config core.worktree " + outside.path().string());
  put("b", "1\n");
  const json result = output("status");
  ASSERT_EQ(result["entries"].size(), 1u);
  EXPECT_EQ(result["entries"][0]["path"], "b");
  output("commit", {{"message", "m"}});
  EXPECT_EQ(ask("ls-tree --name-only HEAD"), "a\nb");
}

TEST_F(HostileRepository, ACheckoutWithoutGitIsNotTakenForTheOneAroundIt) {
  shell("git init -q " + home_.path().string());
  const fs::path inner = home_.path() / "inner";
  fs::create_directory(inner);
  McpProcess server(runner(plugin("git")), inner);
  server.open_legacy();
  EXPECT_THAT(text_of(server.call("status")), HasSubstr("is no git checkout"));
}

TEST_F(HostileRepository, TheOperatorsOwnFilterStillRuns) {
  start();
  std::ofstream(home_.path() / ".gitconfig") << "[filter \"up\"]\n clean = tr a-z A-Z\n";
  put(".gitattributes", "*.txt filter=up\n");
  put("t.txt", "abc\n");
  output("commit", {{"message", "m"}});
  EXPECT_EQ(ask("show HEAD:t.txt"), "ABC");
  // The repository's own word for the same filter does not count.
  config("filter.up.clean", trap("evil", "cat\n"));
  put("t.txt", "xyz\n");
  output("commit", {{"message", "m"}});
  EXPECT_EQ(ask("show HEAD:t.txt"), "XYZ");
  EXPECT_EQ(contents(sprung()), "");
}

TEST_F(HostileRepository, ANewRepositoryWithinIsLeftOutOfTheCommitAndTold) {
  start();
  arm_nested(at("nested"));
  put("b", "1\n");
  EXPECT_EQ(output("commit", {{"message", "m"}})["files_changed"], 1);
  EXPECT_EQ(ask("ls-tree --name-only HEAD"), "a\nb");
  EXPECT_THAT(
      json(server_->seen("notifications/message")).dump(), HasSubstr("repository of its own")
  );
}

}  // namespace opsroom::test

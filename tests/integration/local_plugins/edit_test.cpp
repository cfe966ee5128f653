#include "files_fixture.hpp"

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class EditFile : public FilesFixture {
 protected:
  static json one(const std::string& path, const std::string& before, const std::string& after) {
    return {{"path", path}, {"edits", {{{"old", before}, {"new", after}}}}};
  }
};

}  // namespace

TEST_F(EditFile, ReplacesWhatIsThereOnceAndShowsTheDiff) {
  put("a.txt", "one\ntwo\nthree\n");
  const json result = output("edit", one("a.txt", "two", "2"));
  EXPECT_EQ(contents(at("a.txt")), "one\n2\nthree\n");
  EXPECT_EQ(result["replacements"], 1);
  EXPECT_EQ(result["bytes"], 12);
  EXPECT_EQ(result["diff"], "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
}

TEST_F(EditFile, DoesSeveralInOrderOrNone) {
  put("a", "x y\n");
  output(
      "edit",
      {{"path", "a"}, {"edits", {{{"old", "x"}, {"new", "y"}}, {{"old", "y y"}, {"new", "z"}}}}}
  );
  EXPECT_EQ(contents(at("a")), "z\n");
  const std::string said = refused(
      "edit",
      {{"path", "a"}, {"edits", {{{"old", "z"}, {"new", "w"}}, {{"old", "no"}, {"new", ""}}}}}
  );
  EXPECT_THAT(said, HasSubstr("edit 2 does not fit a: old is not in it"));
  EXPECT_EQ(contents(at("a")), "z\n");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(EditFile, RefusesWhatIsThereTwiceUnlessAllIsMeant) {
  put("a", "x\nx\n");
  EXPECT_THAT(refused("edit", one("a", "x", "y")), HasSubstr("2 times (lines 1, 2)"));
  EXPECT_EQ(
      output(
          "edit", {{"path", "a"}, {"edits", {{{"old", "x"}, {"new", "y"}, {"all", true}}}}}
      )["replacements"],
      2
  );
  EXPECT_EQ(contents(at("a")), "y\ny\n");
  put("b", "aaa");
  EXPECT_THAT(refused("edit", one("b", "aa", "b")), HasSubstr("2 times")) << "overlapping ones too";
}

TEST_F(EditFile, HintsAtBlanksAndLineEnds) {
  put("a", "if (x)\r\n  y;\r\n");
  EXPECT_THAT(refused("edit", one("a", "(x)\n  y", "z")), HasSubstr("end with \\r\\n"));
  EXPECT_THAT(refused("edit", one("a", "\tif (x)", "z")), HasSubstr("other blanks"));
}

TEST_F(EditFile, KeepsPermissionsAndRefusesALink) {
  put("a", "x");
  ::chmod(at("a").c_str(), 0751);
  output("edit", one("a", "x", "y"));
  struct stat info{};
  ::stat(at("a").c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777u, 0751u);
  fs::create_symlink("a", at("link"));
  EXPECT_THAT(refused("edit", one("link", "y", "z")), HasSubstr("it is a symbolic link"));
  EXPECT_THAT(refused("edit", one("nope", "y", "z")), HasSubstr("no such file"));
  EXPECT_THAT(refused("edit", one(".git/config", "y", "z")), HasSubstr("must not lead into .git"));
}

TEST_F(EditFile, NothingToChangeIsFineAndSaid) {
  put("a", "x");
  const json result = call("edit", one("a", "x", "x"));
  EXPECT_EQ(result["structuredContent"]["changed"], false);
  EXPECT_THAT(text_of(result), HasSubstr("stays as it was"));
}

TEST_F(EditFile, ItsDiffIsOneThatPatchTakes) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "line " + std::to_string(i) + "\n";
  put("a", text + "end");
  const json result = output(
      "edit",
      {{"path", "a"},
       {"edits",
        {{{"old", "line 3\n"}, {"new", ""}},
         {{"old", "line 9\n"}, {"new", "line 9\nmore\n"}},
         {{"old", "line 150\n"}, {"new", "changed\n"}},
         {{"old", "end"}, {"new", "END\n"}}}}}
  );
  const std::string after = contents(at("a"));
  put("a", text + "end");
  EXPECT_EQ(output("patch", {{"patch", result["diff"]}})["applied"], true);
  EXPECT_EQ(contents(at("a")), after);
}

TEST_F(EditFile, ADirectorySwappedForALinkMeanwhileLeadsNobodyOut) {
  const TempDir outside;
  std::ofstream(outside.path() / "a") << "0";
  std::ofstream(outside.path() / "e") << "e";
  put("dir/a", "0");
  put("dir/e", "e");
  fs::create_directory_symlink(outside.path(), at("link"));
  std::atomic<bool> done{false};
  std::atomic<int> swaps{0};
  std::thread swapper([&] {
    while (!done) {
      // One step, so that "dir" is always there: now the directory, now the link.
      ::renameat2(AT_FDCWD, at("dir").c_str(), AT_FDCWD, at("link").c_str(), RENAME_EXCHANGE);
      ++swaps;
    }
  });
  int good = 0;
  int bad = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string to = std::to_string(i);
    const json results[] = {
        call("edit", one("dir/e", "e", "e.")),
        call("write", {{"path", "dir/b"}, {"content", to}}),
        call("write", {{"path", "dir/new/c"}, {"content", to}, {"create_dirs", true}}),
        call(
            "patch",
            {{"patch",
              "--- a/dir/a\n+++ b/dir/a\n@@ -1 +1 @@\n-0\n\\ No newline at end of file\n+0\n\\ No "
              "newline at end of file\n"}}
        ),
        call("patch", {{"patch", "--- /dev/null\n+++ b/dir/d" + to + "\n@@ -0,0 +1 @@\n+x\n"}}),
    };
    for (const json& result : results)
      ++(result.contains("isError") ? bad : good);
  }
  done = true;
  swapper.join();
  EXPECT_EQ(contents(outside.path() / "a"), "0");
  EXPECT_EQ(contents(outside.path() / "e"), "e");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside.path()), fs::directory_iterator()), 2)
      << "nothing new stands outside";
  EXPECT_GT(good, 0);
  EXPECT_GT(bad, 0) << "the race was never met in " << swaps << " swaps";
}

TEST_F(EditFile, EditsOfSomebodyElseAreNotLost) {
  put("a", "0\n");
  // Every call adds a line; the plugin runs them beside each other, and none may swallow another.
  std::vector<int> ids;
  for (int i = 0; i < 60; ++i)
    ids.push_back(server_.start("edit", one("a", "0\n", "0\n" + std::to_string(i) + " added\n")));
  long good = 0;
  for (const int id : ids) {
    const json result = server_.answer(id)["result"];
    if (!result.contains("isError"))
      ++good;
    else
      EXPECT_THAT(text_of(result), HasSubstr("changed by somebody else"));
  }
  const std::string text = contents(at("a"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), good + 1);
  EXPECT_GT(good, 0);
  EXPECT_EQ(entries(), 1u);
}

}  // namespace opsroom::test

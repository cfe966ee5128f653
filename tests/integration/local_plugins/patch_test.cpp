#include "files_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sys/stat.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Patch : public FilesFixture {
 protected:
  json patch(const std::string& text, json more = json::object()) {
    more["patch"] = text;
    return call("patch", more);
  }
};

const std::string ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/// Runs a command with every git configuration out of the way.
int shell(const fs::path& directory, const std::string& command) {
  const int status = std::system(("cd " + directory.string() +
                                  " && export GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent "
                                  "GIT_CEILING_DIRECTORIES=" +
                                  directory.parent_path().string() + " && " + command)
                                     .c_str());
  return WEXITSTATUS(status);
}

}  // namespace

TEST_F(Patch, ChangesCreatesDeletesAndRenamesAtOnce) {
  put("a", ten);
  put("old/gone", "x\n");
  put("from", "same\n");
  const json result = patch(
      "From somebody\n\ndiff --git a/a b/a\nindex 1..2 100644\n--- a/a\n+++ b/a\n"
      "@@ -1,4 +1,4 @@\n 1\n-2\n+two\n 3\n 4\n"
      "diff --git a/new/b b/new/b\nnew file mode 100755\n--- /dev/null\n+++ b/new/b\n@@ -0,0 +1 "
      "@@\n+b\n"
      "diff --git a/old/gone b/old/gone\ndeleted file mode 100644\n--- a/old/gone\n+++ /dev/null\n"
      "@@ -1 +0,0 @@\n-x\n"
      "diff --git a/from b/to\nsimilarity index 100%\nrename from from\nrename to to\n"
  );
  ASSERT_FALSE(result.contains("isError")) << result;
  EXPECT_EQ(contents(at("a")), "1\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n");
  EXPECT_EQ(contents(at("new/b")), "b\n");
  struct stat info{};
  ::stat(at("new/b").c_str(), &info);
  EXPECT_EQ(info.st_mode & 0100u, 0100u);
  EXPECT_FALSE(fs::exists(at("old"))) << "an emptied directory goes too";
  EXPECT_FALSE(fs::exists(at("from")));
  EXPECT_EQ(contents(at("to")), "same\n");
  const json files = result["structuredContent"]["files"];
  EXPECT_EQ(files[0]["change"], "modified");
  EXPECT_EQ(files[1]["change"], "created");
  EXPECT_EQ(files[2]["change"], "deleted");
  EXPECT_EQ(files[3]["change"], "renamed");
  EXPECT_EQ(files[3]["old_path"], "from");
  EXPECT_EQ(entries(), 4u);
}

TEST_F(Patch, AllOrNothingWithAReportOfFileAndHunk) {
  put("a", ten);
  put("b", ten);
  const std::string text =
      "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"
      "--- a/b\n+++ b/b\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n@@ -6,3 +6,3 @@\n 6\n-seven\n+sieben\n "
      "8\n"
      "--- a/c\n+++ b/c\n@@ -1 +1 @@\n-x\n+y\n";
  const json result = patch(text);
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(contents(at("a")), ten);
  EXPECT_EQ(contents(at("b")), ten);
  const json conflicts = result["structuredContent"]["conflicts"];
  ASSERT_EQ(conflicts.size(), 2u);
  EXPECT_EQ(conflicts[0]["path"], "b");
  EXPECT_EQ(conflicts[0]["hunk"], 2);
  EXPECT_EQ(conflicts[0]["file_line"], 6);
  EXPECT_EQ(conflicts[0]["patch_line"], 15);
  EXPECT_EQ(conflicts[0]["reason"], "line 7 is another one, and the hunk fits nowhere else");
  EXPECT_EQ(conflicts[0]["expected"], (json{"6", "seven", "8"}));
  EXPECT_EQ(conflicts[0]["found"], (json{"6", "7", "8"}));
  EXPECT_EQ(conflicts[1]["path"], "c");
  EXPECT_EQ(conflicts[1]["hunk"], nullptr);
  EXPECT_EQ(conflicts[1]["reason"], "there is no such file");
  EXPECT_THAT(text_of(result), HasSubstr("nothing was changed\nb, hunk 2 at line 6: line 7 is"));
  EXPECT_EQ(entries(), 2u);
}

TEST_F(Patch, FindsAHunkThatHasMovedAndSaysHowFar) {
  put("a", "0\n0\n" + ten);
  const json result = patch("--- a/a\n+++ b/a\n@@ -4,3 +4,3 @@\n 4\n-5\n+five\n 6\n");
  EXPECT_EQ(result["structuredContent"]["files"][0]["moved_by"], 2);
  EXPECT_EQ(contents(at("a")), "0\n0\n1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n");
}

TEST_F(Patch, FuzzLetsTheOuterContextDiffer) {
  put("a", ten);
  const std::string text = "--- a/a\n+++ b/a\n@@ -3,5 +3,5 @@\n THREE\n 4\n-5\n+five\n 6\n SEVEN\n";
  EXPECT_EQ(patch(text)["isError"], true);
  EXPECT_FALSE(patch(text, {{"fuzz", 1}}).contains("isError"));
  EXPECT_EQ(contents(at("a")), "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n");
}

TEST_F(Patch, TwiceIsNamedAsAppliedAlready) {
  put("a", ten);
  const std::string text = "--- a/a\n+++ b/a\n@@ -4,3 +4,3 @@\n 4\n-5\n+five\n 6\n";
  patch(text);
  EXPECT_THAT(text_of(patch(text)), HasSubstr("it seems to be applied"));
}

TEST_F(Patch, CheckChangesNothing) {
  put("a", ten);
  const json result =
      patch("--- a/a\n+++ b/a\n@@ -4,3 +4,3 @@\n 4\n-5\n+five\n 6\n", {{"check", true}});
  EXPECT_EQ(text_of(result).substr(0, 14), "the patch fits");
  EXPECT_EQ(result["structuredContent"]["applied"], false);
  EXPECT_EQ(contents(at("a")), ten);
}

TEST_F(Patch, TakesPlainNamesQuotedNamesAndMissingNewlines) {
  put("a b", "x");
  EXPECT_FALSE(patch("--- a b\t2026-01-01\n+++ a b\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n"
                     "+y\n\\ No newline at end of file")
                   .contains("isError"));
  EXPECT_EQ(contents(at("a b")), "y");
  put("\u00e9", "x\n");
  EXPECT_FALSE(
      patch("--- \"a/\\303\\251\"\n+++ \"b/\\303\\251\"\n@@ -1 +1 @@\n-x\n+y").contains("isError")
  );
  EXPECT_EQ(contents(at("\u00e9")), "y\n");
}

TEST_F(Patch, NeverLeavesTheLane) {
  const TempDir outside;
  std::ofstream(outside.path() / "a") << "x\n";
  fs::create_directory_symlink(outside.path(), at("link"));
  fs::create_symlink(outside.path() / "a", at("leaf"));
  const auto change = [](const std::string& name) {
    return "--- a/" + name + "\n+++ b/" + name + "\n@@ -1 +1 @@\n-x\n+y\n";
  };
  EXPECT_THAT(text_of(patch(change("link/a"))), HasSubstr("leads out of the working directory"));
  EXPECT_THAT(text_of(patch(change("../a"))), HasSubstr("leads out of the working directory"));
  EXPECT_THAT(text_of(patch(change("leaf"))), HasSubstr("symbolic link"));
  EXPECT_THAT(
      text_of(patch("--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n")),
      HasSubstr("must not lead into .git")
  );
  EXPECT_THAT(
      text_of(patch("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n"
                    "@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n")),
      HasSubstr("symbolic links are not made by a patch")
  );
  EXPECT_EQ(contents(outside.path() / "a"), "x\n");
}

TEST_F(Patch, WhatIsNoPatchIsNamedWithItsLine) {
  EXPECT_THAT(text_of(patch("hello")), HasSubstr("line 1: there is no diff in it"));
  EXPECT_THAT(text_of(patch("@@ -1 +1 @@\n-x\n+y\n")), HasSubstr("line 1: a hunk without"));
  EXPECT_THAT(
      text_of(patch("--- a/a\n+++ b/a\n@@ -1,9 +1,2 @@\n 1\n-2\n+two\n")),
      HasSubstr("line 7: hunk 1 (line 3) says 9 old and 2 new lines, but has 2 and 2 here")
  );
  EXPECT_THAT(text_of(patch("--- a/a\n+++ b/a\n@@ x @@\n")), HasSubstr("line 3: expected a hunk"));
  EXPECT_THAT(
      text_of(patch("diff --git a/a b/a\nindex 1..2\nGIT binary patch\n")), HasSubstr("binary")
  );
}

TEST_F(Patch, AFailureInTheMiddleTakesBackWhatWasMade) {
  put("a", "x\n");
  put("z/b", "x\n");
  put("z/keep", "");
  // The last file cannot be made, so the others must stay as they are.
  const auto change = [](const std::string& name) {
    return "--- a/" + name + "\n+++ b/" + name + "\n@@ -1 +1 @@\n-x\n+y\n";
  };
  const std::string long_name(255, 'n');
  const std::string said = text_of(patch(
      change("a") + change("z/b") + "--- /dev/null\n+++ b/new/" + long_name +
      "n\n@@ -0,0 +1 @@\n+x\n"
  ));
  EXPECT_THAT(said, HasSubstr("File name too long"));
  EXPECT_EQ(contents(at("a")), "x\n");
  EXPECT_EQ(contents(at("z/b")), "x\n");
  EXPECT_FALSE(fs::exists(at("new")));
  EXPECT_EQ(entries(), 4u);
}

/// Random files, a random change of them as git describes it, and a random drift of the files
/// since: git apply and files.patch must agree on whether it fits and on every byte afterwards.
TEST_F(Patch, AgreesWithGitApplyOnGeneratedDiffs) {
  std::mt19937 random(20'260'101);
  const auto below = [&](std::size_t end) { return random() % end; };
  const auto line = [&] { return std::to_string(below(12)) + "\n"; };
  const auto mutate = [&](std::vector<std::string> lines, std::size_t changes) {
    for (std::size_t i = 0; i < changes; ++i) {
      const auto where = lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size()));
      if (const auto what = below(3); what == 0)
        lines.insert(where, line());
      else if (what == 1 && lines.size() > 6)
        lines.erase(where);
      else
        *where = line();
    }
    return lines;
  };
  const auto text = [](const std::vector<std::string>& lines, bool newline) {
    std::string all;
    for (const auto& each : lines)
      all += each;
    if (!newline) all.pop_back();
    return all;
  };
  const TempDir other;
  const TempDir work;
  const auto write = [](const fs::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
  };
  int fits = 0;
  int misfits = 0;
  for (int round = 0; round < 160; ++round) {
    std::vector<std::string> before(8 + below(40));
    std::generate(before.begin(), before.end(), line);
    const bool newline = below(4) != 0;
    write(work.path() / "old", text(before, newline));
    write(work.path() / "new", text(mutate(before, 1 + below(4)), below(4) != 0));
    ASSERT_LE(shell(work.path(), "git diff --no-index -U3 old new > diff"), 1);
    std::string diff = contents(work.path() / "diff");
    if (diff.empty()) continue;
    for (const char* name : {"a/old", "b/new"})
      for (auto found = diff.find(name); found != std::string::npos; found = diff.find(name))
        diff.replace(found, 5, std::string(name).substr(0, 2) + "f");
    write(other.path() / "diff", diff);
    const std::string now = text(mutate(before, below(4)), newline);
    put("f", now);
    write(other.path() / "f", now);
    const bool git_took_it = shell(other.path(), "git apply diff 2>/dev/null") == 0;
    const json result = patch(diff);
    ASSERT_EQ(!result.contains("isError"), git_took_it) << diff << "---\n" << now << result;
    ASSERT_EQ(contents(at("f")), contents(other.path() / "f")) << diff << "---\n" << now;
    ++(git_took_it ? fits : misfits);
  }
  EXPECT_GT(fits, 40);
  EXPECT_GT(misfits, 20);
}

}  // namespace opsroom::test

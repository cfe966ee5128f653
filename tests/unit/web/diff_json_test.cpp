#include "web/diff_json.hpp"

#include <gtest/gtest.h>

namespace opsroom::web {
namespace {

Json files(std::string_view patch, DiffLimits limits = {}) {
  return diff_files(patch, limits).at("files");
}

constexpr std::string_view modified = R"(diff --git a/src/main.c b/src/main.c
index 1111111..2222222 100644
--- a/src/main.c
+++ b/src/main.c
@@ -1,3 +1,4 @@ int main()
 one
-two
+zwei
+drei
 four
@@ -10 +11 @@
-ten
+zehn
)";

TEST(DiffJson, NumbersTheLinesOfBothSides) {
  const Json file = files(modified).at(0);
  EXPECT_EQ(file.at("path"), "src/main.c");
  EXPECT_EQ(file.at("status"), "modified");
  EXPECT_EQ(file.at("added"), 3);
  EXPECT_EQ(file.at("deleted"), 2);
  const Json& first = file.at("hunks").at(0);
  EXPECT_EQ(first.at("header"), "@@ -1,3 +1,4 @@ int main()");
  const Json expected = Json::parse(R"([
    {"kind": " ", "old": 1, "new": 1, "text": "one"},
    {"kind": "-", "old": 2, "new": null, "text": "two"},
    {"kind": "+", "old": null, "new": 2, "text": "zwei"},
    {"kind": "+", "old": null, "new": 3, "text": "drei"},
    {"kind": " ", "old": 3, "new": 4, "text": "four"}])");
  EXPECT_EQ(first.at("lines"), expected);
  EXPECT_EQ(file.at("hunks").at(1).at("lines").at(0).at("old"), 10);
  EXPECT_EQ(file.at("hunks").at(1).at("lines").at(1).at("new"), 11);
}

TEST(DiffJson, TellsTheKindsOfChangeApart) {
  struct Row {
    const char* patch;
    const char* path;
    const char* status;
    Json old_path;
    bool binary;
  };
  const Row rows[] = {
      {"diff --git a/n b/n\nnew file mode 100644\nindex 000..111\n--- /dev/null\n+++ b/n\n@@ -0,0 "
       "+1 "
       "@@\n+x\n",
       "n",
       "added",
       nullptr,
       false},
      {"diff --git a/d b/d\ndeleted file mode 100644\nindex 111..000\n--- a/d\n+++ /dev/null\n@@ "
       "-1 "
       "+0,0 @@\n-x\n",
       "d",
       "deleted",
       nullptr,
       false},
      {"diff --git a/old name b/new\nsimilarity index 100%\nrename from old name\nrename to new\n",
       "new",
       "renamed",
       "old name",
       false},
      {"diff --git a/x b/y\nsimilarity index 90%\ncopy from x\ncopy to y\n",
       "y",
       "copied",
       "x",
       false},
      {"diff --git a/p.png b/p.png\nindex 1..2 100644\nBinary files a/p.png and b/p.png differ\n",
       "p.png",
       "modified",
       nullptr,
       true},
      {"diff --git a/p b/p\nindex 1..2 100644\nGIT binary patch\ndelta 3\nabc\n\n",
       "p",
       "modified",
       nullptr,
       true},
      {"diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n",
       "run.sh",
       "modified",
       nullptr,
       false},
      {"diff --git a/new empty b/new empty\nnew file mode 100644\nindex 0..e69de29\n",
       "new empty",
       "added",
       nullptr,
       false},
      {"diff --git \"a/caf\\303\\251 \\\"q\\\"\\t\" \"b/caf\\303\\251 \\\"q\\\"\\t\"\nindex "
       "1..2\n--- "
       "\"a/caf\\303\\251 \\\"q\\\"\\t\"\n+++ \"b/caf\\303\\251 \\\"q\\\"\\t\"\n@@ -1 +1 "
       "@@\n-a\n+b\n",
       "café \"q\"\t",
       "modified",
       nullptr,
       false},
      {"diff --git a/with space b/with space\nindex 1..2\n--- a/with space\t\n+++ b/with "
       "space\t\n@@ -1 +1 @@\n-a\n+b\n",
       "with space",
       "modified",
       nullptr,
       false},
  };
  for (const Row& row : rows) {
    const Json all = files(row.patch);
    ASSERT_EQ(all.size(), 1u) << row.path;
    EXPECT_EQ(all.at(0).at("path"), row.path);
    EXPECT_EQ(all.at(0).at("status"), row.status) << row.path;
    EXPECT_EQ(all.at(0).at("old_path"), row.old_path) << row.path;
    EXPECT_EQ(all.at(0).at("binary"), row.binary) << row.path;
  }
}

TEST(DiffJson, SaysTheModesWhereTheyChange) {
  const Json file = files("diff --git a/r b/r\nold mode 100644\nnew mode 100755\n").at(0);
  EXPECT_EQ(file.at("old_mode"), "100644");
  EXPECT_EQ(file.at("new_mode"), "100755");
}

TEST(DiffJson, ContentThatLooksLikeAHeaderStaysContent) {
  const Json all = files(
      "diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n"
      "--- a/evil\n+++ b/evil\n diff --git a/e b/e\n-@@ -1 +1 @@\n+@@ -9 +9 @@\n"
  );
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.at(0).at("path"), "x");
  const Json& lines = all.at(0).at("hunks").at(0).at("lines");
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines.at(0).at("text"), "-- a/evil");
  EXPECT_EQ(lines.at(1).at("text"), "++ b/evil");
  EXPECT_EQ(lines.at(2).at("text"), "diff --git a/e b/e");
}

TEST(DiffJson, MarksALineWithoutItsNewline) {
  const Json lines = files(
                         "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at "
                         "end of file\n+b\n\\ No newline at end of file\n"
  )
                         .at(0)
                         .at("hunks")
                         .at(0)
                         .at("lines");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines.at(0).value("no_newline", false), true);
  EXPECT_EQ(lines.at(1).value("no_newline", false), true);
}

TEST(DiffJson, CutsWhatIsTooLongAndSaysSo) {
  DiffLimits limits;
  limits.lines = 3;
  Json diff = diff_files(modified, limits);
  EXPECT_EQ(diff.at("truncated"), true);
  EXPECT_EQ(diff.at("files").at(0).at("hunks").at(0).at("lines").size(), 3u);
  EXPECT_EQ(diff.at("files").at(0).at("added"), 3) << "counts are of the whole patch";

  limits = DiffLimits{};
  limits.files = 0;
  EXPECT_EQ(diff_files(modified, limits).at("truncated"), true);

  limits = DiffLimits{};
  limits.line_bytes = 3;
  diff = diff_files(modified, limits);
  EXPECT_EQ(diff.at("truncated"), true);
  EXPECT_EQ(diff.at("files").at(0).at("hunks").at(0).at("lines").at(2).at("text"), "zwe");

  EXPECT_EQ(diff_files(modified, DiffLimits{}).at("truncated"), false);
}

TEST(DiffJson, SurvivesWhatIsNoPatch) {
  for (const std::string_view text :
       {"",
        "\n\n",
        "hello",
        "@@ -1 +1 @@\n+x",
        "diff --git ",
        "diff --git \"",
        "+x\n-y\n",
        "diff --git a/x b/x\n@@ -99999999999999999999 +1 @@\n+x",
        "diff --git a/x b/x\n@@ -1,5 +1,5 @@\n",
        "\\ No newline at end of file\n"}) {
    EXPECT_NO_THROW(dump(diff_files(text, DiffLimits{}))) << text;
  }
  const Json lines = files("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\xff\n+\xfe\n");
  EXPECT_EQ(lines.at(0).at("hunks").at(0).at("lines").at(0).at("text"), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace opsroom::web

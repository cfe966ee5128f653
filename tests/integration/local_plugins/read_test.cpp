#include "files_fixture.hpp"

#include <limits>
#include <sys/stat.h>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

using Read = FilesFixture;
using List = FilesFixture;
using Search = FilesFixture;

std::vector<std::string> paths(const json& entries) {
  std::vector<std::string> list;
  for (const json& entry : entries)
    list.push_back(entry["path"]);
  return list;
}

}  // namespace

TEST_F(Read, GivesTheWholeTextOrARangeOfLines) {
  put("a", "one\ntwo\nthree\nfour");
  const json all = output("read", {{"path", "a"}});
  EXPECT_EQ(all["content"], "one\ntwo\nthree\nfour");
  EXPECT_EQ(all["lines"], 4);
  EXPECT_EQ(all["size"], 18);
  EXPECT_EQ(all["next_line"], nullptr);
  const json part = output("read", {{"path", "a"}, {"first_line", 2}, {"lines", 2}});
  EXPECT_EQ(part["content"], "two\nthree\n");
  EXPECT_EQ(part["next_line"], 4);
  EXPECT_EQ(part["truncated"], false);
  EXPECT_EQ(output("read", {{"path", "a"}, {"first_line", 9}})["content"], "");
  EXPECT_EQ(output("read", {{"path", "a"}, {"first_line", 4}, {"lines", 1}})["next_line"], nullptr);
}

TEST_F(Read, SaysWhereItWasCutAndCanGoOnThere) {
  std::string text;
  for (int i = 1; i <= 50'000; ++i)
    text += "line " + std::to_string(i) + "\n";
  put("big", text);
  std::string together;
  json line = 1;
  int calls = 0;
  while (!line.is_null()) {
    const json part =
        output("read", {{"path", "big"}, {"first_line", line}, {"max_bytes", 100'000}});
    EXPECT_LE(part["content"].get<std::string>().size(), 100'000u);
    together += part["content"].get<std::string>();
    line = part["next_line"];
    ++calls;
  }
  EXPECT_EQ(together, text);
  EXPECT_GT(calls, 3);
}

TEST_F(Read, RefusesWhatIsNoTextAndGivesItAsBase64) {
  put("bin", std::string("\x00\x01\xff", 3));
  EXPECT_THAT(refused("read", {{"path", "bin"}}), HasSubstr("read it with encoding: base64"));
  const json all = output("read", {{"path", "bin"}, {"encoding", "base64"}});
  EXPECT_EQ(all["content"], "AAH/");
  EXPECT_EQ(all["lines"], nullptr);
  const json part =
      output("read", {{"path", "bin"}, {"encoding", "base64"}, {"offset", 1}, {"max_bytes", 1}});
  EXPECT_EQ(part["content"], "AQ==");
  EXPECT_EQ(part["truncated"], true);
  EXPECT_EQ(part["next_offset"], 2);
}

TEST_F(Read, DoesNotCutACharacterInTwo) {
  put("a", "\u00e9\u00e9\u00e9");
  EXPECT_EQ(output("read", {{"path", "a"}, {"max_bytes", 3}})["content"], "\u00e9");
}

TEST_F(Read, GoesOnWithinALineThatIsTooLong) {
  const std::string text = "first\n" + std::string(700, 'x') + "\u00e9\nlast\n";
  put("a", text);
  const json part = output("read", {{"path", "a"}, {"first_line", 2}, {"max_bytes", 701}});
  EXPECT_EQ(part["content"], std::string(700, 'x'));
  EXPECT_EQ(part["next_line"], nullptr);
  EXPECT_EQ(part["next_offset"], 706);
  std::string together;
  json offset = 0;
  while (!offset.is_null()) {
    const json each = output("read", {{"path", "a"}, {"offset", offset}, {"max_bytes", 300}});
    together += each["content"].get<std::string>();
    offset = each["next_offset"];
    if (!each["next_line"].is_null()) offset = each["bytes"];  // the first part ends with a line
  }
  EXPECT_EQ(together, text);
  EXPECT_THAT(
      refused("read", {{"path", "a"}, {"offset", 706}, {"max_bytes", 1}}), HasSubstr("/max_bytes")
  );
}

TEST_F(Read, RefusesWhatItWouldLeaveOutOfAccount) {
  put("a", "1\n2\n");
  EXPECT_THAT(
      refused("read", {{"path", "a"}, {"encoding", "base64"}, {"first_line", 2}}),
      HasSubstr("/first_line: is for text")
  );
  EXPECT_THAT(
      refused("read", {{"path", "a"}, {"encoding", "base64"}, {"lines", 2}}), HasSubstr("/lines")
  );
  EXPECT_THAT(
      refused("read", {{"path", "a"}, {"offset", 1}, {"first_line", 2}}), HasSubstr("/offset")
  );
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(output("read", {{"path", "a"}, {"first_line", 2}, {"lines", most}})["content"], "2\n");
  EXPECT_EQ(output("read", {{"path", "a"}, {"first_line", most}, {"lines", most}})["content"], "");
}

TEST_F(Read, NeverLeavesTheLaneAndNeverWaitsForAPipe) {
  const TempDir outside;
  std::ofstream(outside.path() / "secret") << "x";
  fs::create_symlink(outside.path() / "secret", at("link"));
  fs::create_directory_symlink(outside.path(), at("dir"));
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  put(".git/config", "token");
  fs::create_directory_symlink(".git", at("innocent"));
  for (const char* path : {"link", "dir/secret", "../x"})
    EXPECT_THAT(refused("read", {{"path", path}}), HasSubstr("leads out of the working")) << path;
  EXPECT_THAT(refused("read", {{"path", "/etc/passwd"}}), HasSubstr("must be relative"));
  EXPECT_THAT(refused("read", {{"path", "fifo"}}), HasSubstr("no regular file"));
  EXPECT_THAT(refused("read", {{"path", ".git/config"}}), HasSubstr("must not lead into .git"));
  EXPECT_THAT(refused("read", {{"path", "innocent/config"}}), HasSubstr("leads into .git"));
  EXPECT_THAT(refused("read", {{"path", "nope"}}), HasSubstr("there is no such file"));
  EXPECT_THAT(refused("read", {{"path", "dir"}}), HasSubstr("leads out"));
}

TEST_F(Read, FollowsALinkThatStaysInside) {
  put("real/a", "inside");
  fs::create_directory_symlink("real", at("link"));
  EXPECT_EQ(output("read", {{"path", "link/a"}})["content"], "inside");
}

TEST_F(List, ShowsOneLevelInTheOrderOfNames) {
  put("b/x", "1");
  put("a", "22");
  fs::create_symlink("/etc", at("c"));
  put(".git/config", "1");
  const json result = output("list", json::object());
  ASSERT_EQ(paths(result["entries"]), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(result["entries"][0]["kind"], "file");
  EXPECT_EQ(result["entries"][0]["size"], 2);
  EXPECT_EQ(result["entries"][1]["kind"], "directory");
  EXPECT_EQ(result["entries"][2]["kind"], "symlink");
  EXPECT_EQ(result["entries"][2]["target"], "/etc");
}

TEST_F(List, TakesDepthKindsGlobAndLimit) {
  put("src/a.cpp", "1");
  put("src/deep/b.cpp", "1");
  put("src/deep/b.hpp", "1");
  put("c.cpp", "1");
  using Names = std::vector<std::string>;
  const auto list = [&](const json& arguments) {
    return paths(output("list", arguments)["entries"]);
  };
  EXPECT_EQ(list({{"glob", "*.cpp"}}), (Names{"c.cpp", "src/a.cpp", "src/deep/b.cpp"}));
  EXPECT_EQ(list({{"glob", "src/*.cpp"}}), (Names{"src/a.cpp"}));
  EXPECT_EQ(list({{"glob", "src/**/b.?pp"}}), (Names{"src/deep/b.cpp", "src/deep/b.hpp"}));
  EXPECT_EQ(list({{"glob", "**/[!b].cpp"}, {"path", "src"}}), (Names{"src/a.cpp"}));
  EXPECT_EQ(list({{"depth", 2}, {"kinds", {"directory"}}}), (Names{"src", "src/deep"}));
  const json cut = output("list", {{"depth", 5}, {"limit", 2}});
  EXPECT_EQ(cut["entries"].size(), 2u);
  EXPECT_EQ(cut["truncated"], true);
  EXPECT_EQ(output("list", {{"depth", 5}, {"limit", 6}})["truncated"], false);
  EXPECT_THAT(refused("list", {{"kinds", {"dir"}}}), HasSubstr("/kinds/0: must be one of"));
  EXPECT_THAT(refused("list", {{"glob", "[a"}}), HasSubstr("/glob: has a [ without its ]"));
  EXPECT_THAT(refused("list", {{"path", ".git"}}), HasSubstr("must not lead into .git"));
}

TEST_F(List, DoesNotFollowLinksToDirectories) {
  put("a/b", "1");
  fs::create_directory_symlink("..", at("a/up"));
  EXPECT_EQ(
      paths(output("list", {{"depth", 100}})["entries"]),
      (std::vector<std::string>{"a", "a/b", "a/up"})
  );
}

TEST_F(Search, FindsTextsWithContext) {
  put("a.txt", "one\ntwo (x)\nthree\n");
  put("b/c.txt", "no\n TWO (x)\n");
  const json found = output("search", {{"pattern", "two (x)"}, {"context", 1}});
  ASSERT_EQ(found["matches"].size(), 1u);
  EXPECT_EQ(
      found["matches"][0],
      (json{
          {"path", "a.txt"},
          {"line", 2},
          {"column", 1},
          {"text", "two (x)"},
          {"before", {"one"}},
          {"after", {"three"}}
      })
  );
  EXPECT_EQ(found["files_searched"], 2);
  const json both = output("search", {{"pattern", "two (x)"}, {"ignore_case", true}});
  ASSERT_EQ(both["matches"].size(), 2u);
  EXPECT_EQ(both["matches"][1]["column"], 2);
  EXPECT_EQ(
      output("search", {{"pattern", "two"}, {"ignore_case", true}, {"glob", "b/*"}})["matches"]
          .size(),
      1u
  );
  EXPECT_EQ(output("search", {{"pattern", "two"}, {"path", "a.txt"}})["matches"].size(), 1u);
}

TEST_F(Search, TakesRegularExpressionsThatCannotHang) {
  put("a", std::string(100'000, 'a') + "\nx42y\n");
  const json found = output("search", {{"pattern", "x(\\d+)y$"}, {"regex", true}});
  EXPECT_EQ(found["matches"][0]["line"], 2);
  EXPECT_EQ(output("search", {{"pattern", "(a*)*b"}, {"regex", true}})["matches"].size(), 0u)
      << "exponential for a backtracking engine";
  EXPECT_THAT(
      refused("search", {{"pattern", "(a"}, {"regex", true}}), HasSubstr("is no regular expression")
  );
}

TEST_F(Search, LeavesOutGitBinaryAndLargeFilesAndStopsAtItsLimit) {
  put(".git/config", "needle");
  put("bin", std::string("needle\0", 7));
  put("large", "needle" + std::string(2000, '.'));
  put("lines", "needle\nneedle\nneedle\n");
  const json found =
      output("search", {{"pattern", "needle"}, {"limit", 2}, {"max_file_bytes", 1000}});
  EXPECT_EQ(found["matches"].size(), 2u);
  EXPECT_EQ(found["truncated"], true);
  EXPECT_EQ(found["files_skipped"], 2);
  EXPECT_EQ(output("search", {{"pattern", "needle"}, {"glob", "lines"}})["truncated"], false);
}

TEST_F(List, SaysWhatIsTooDeepForIt) {
  std::string deep;
  for (int i = 0; i < 205; ++i)
    deep += "d/";
  put(deep + "lost", "");
  put("found", "");
  const json result = call("list", {{"glob", "**/*o*"}, {"kinds", {"file"}}});
  EXPECT_EQ(result["structuredContent"]["entries"].size(), 1u);
  EXPECT_EQ(result["structuredContent"]["too_deep"], 1);
  EXPECT_EQ(result["structuredContent"]["truncated"], true);
  EXPECT_EQ(result["structuredContent"]["unreadable"], 0);
  EXPECT_THAT(text_of(result), HasSubstr("1 directories are deeper than 200 levels"));
  const json below = output("list", {{"glob", "lost"}, {"path", "d/d/d/d/d/d"}});
  EXPECT_EQ(below["entries"].size(), 1u);
  EXPECT_EQ(below["truncated"], false);
}

TEST_F(Search, TellsOfWhatItCannotFind) {
  put("large", std::string(200, 'x'));
  const json result =
      call("search", {{"pattern", "x"}, {"path", "large"}, {"max_file_bytes", 100}});
  EXPECT_EQ(result["structuredContent"]["files_skipped"], 1);
  EXPECT_THAT(text_of(result), HasSubstr("1 files were left out (binary, larger than"));
  EXPECT_THAT(refused("search", {{"pattern", "a\nb"}}), HasSubstr("/pattern: must not hold"));
}

TEST_F(Search, TellsOfDirectoriesThatItCouldNotLookInto) {
  std::string deep;
  for (int i = 0; i < 205; ++i)
    deep += "d/";
  put(deep + "lost", "needle");
  put("found", "needle");
  const json result = call("search", {{"pattern", "needle"}});
  EXPECT_EQ(result["structuredContent"]["matches"].size(), 1u);
  EXPECT_EQ(result["structuredContent"]["unreadable"], 1);
  EXPECT_THAT(text_of(result), HasSubstr("1 directories could not be looked into"));
  EXPECT_EQ(
      output("search", {{"pattern", "needle"}, {"path", "d/d/d/d/d/d"}})["matches"].size(), 1u
  );
}

TEST_F(Search, CutsAVeryLongLineAroundTheMatch) {
  put("a", std::string(5000, '.') + "needle" + std::string(5000, '.'));
  const json match = output("search", {{"pattern", "needle"}})["matches"][0];
  EXPECT_EQ(match["column"], 5001);
  EXPECT_LT(match["text"].get<std::string>().size(), 500u);
  EXPECT_THAT(match["text"].get<std::string>(), HasSubstr("needle"));
}

}  // namespace opsroom::test

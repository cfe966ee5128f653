// Changes of files where the file system can neither exchange two files nor refuse to replace one,
// and where a change fails after others were made.
#include "files_fixture.hpp"

#include <cerrno>
#include <linux/fs.h>

namespace opsroom::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string renames_fail(unsigned flags, int error) {
  return "renameat2=" + std::to_string(flags) + ":" + std::to_string(error);
}

std::string links_fail(int error) {
  return "linkat=*:" + std::to_string(error);
}

/// The files plugin in a process to which some system calls are refused.
class Poor : public FilesFixture {
 protected:
  void SetUp() override {
    FilesFixture::SetUp();
    constexpr int cannot_refuse = 77;
    McpProcess trial({fixture_program("refuse_calls"), "--", "/bin/true"});
    if (trial.wait() == cannot_refuse) GTEST_SKIP() << trial.errors();
  }

  void refuse(const std::vector<std::string>& rules) {
    std::vector<std::string> argv{fixture_program("refuse_calls")};
    argv.insert(argv.end(), rules.begin(), rules.end());
    argv.emplace_back("--");
    for (const std::string& word : runner(plugin("files")))
      argv.push_back(word);
    process_ = std::make_unique<McpProcess>(argv, directory_.path());
    process_->open_legacy();
  }

  static std::string fixture_program(const std::string& name) {
    return fs::path(fixture("x")).parent_path() / name;
  }

  json patch(const std::string& text) { return process_->call("patch", {{"patch", text}}); }
  json edit(const std::string& name) {
    return process_->call(
        "edit", {{"path", name}, {"edits", json::array({{{"old", "old"}, {"new", "new"}}})}}
    );
  }

  std::unique_ptr<McpProcess> process_;
};

const std::string change_a = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-old\n+new\n";
const std::string create_b = "--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+b\n";
const std::string delete_c = "--- a/c\n+++ /dev/null\n@@ -1 +0,0 @@\n-c\n";

/// What is refused, and how.
struct Lack {
  const char* name;
  std::vector<std::string> rules;
};

class PoorFileSystem : public Poor, public testing::WithParamInterface<Lack> {};

TEST_P(PoorFileSystem, ChangesCreatesAndDeletesAllTheSame) {
  put("a", "old\n");
  put("c", "c\n");
  fs::permissions(at("a"), fs::perms(0754));
  refuse(GetParam().rules);
  const json result = patch(change_a + create_b + delete_c);
  EXPECT_FALSE(result.contains("isError")) << text_of(result);
  EXPECT_EQ(contents(at("a")), "new\n");
  EXPECT_EQ(fs::status(at("a")).permissions(), fs::perms(0754));
  EXPECT_EQ(contents(at("b")), "b\n");
  EXPECT_EQ(entries(), 2u) << "nothing else is left";
  EXPECT_THAT(text_of(patch(create_b)), HasSubstr("it exists already"));
  EXPECT_EQ(contents(at("b")), "b\n");
}

TEST_P(PoorFileSystem, AnEditIsMade) {
  put("a", "old\n");
  refuse(GetParam().rules);
  const json result = edit("a");
  EXPECT_FALSE(result.contains("isError")) << text_of(result);
  EXPECT_EQ(contents(at("a")), "new\n");
  EXPECT_EQ(entries(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    PoorFileSystem,
    testing::Values(
        Lack{
            "NoFlags",
            {renames_fail(RENAME_EXCHANGE, EINVAL), renames_fail(RENAME_NOREPLACE, EINVAL)}
        },
        Lack{
            "NoSuchCall",
            {renames_fail(RENAME_EXCHANGE, ENOSYS), renames_fail(RENAME_NOREPLACE, ENOSYS)}
        },
        Lack{
            "NoLinksEither",
            {renames_fail(RENAME_EXCHANGE, EINVAL),
             renames_fail(RENAME_NOREPLACE, EINVAL),
             links_fail(EPERM)}
        }
    ),
    [](const auto& info) { return std::string(info.param.name); }
);

TEST_F(Poor, WhatWasMadeIsTakenBackWhenALaterChangeFails) {
  put("a", "old\n");
  put("c", "c\n");
  refuse({renames_fail(RENAME_NOREPLACE, EIO)});
  const json result = patch(change_a + delete_c + create_b);
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), AllOf(HasSubstr("write b"), HasSubstr("nothing was changed")));
  EXPECT_EQ(contents(at("a")), "old\n");
  EXPECT_EQ(contents(at("c")), "c\n");
  EXPECT_EQ(entries(), 2u);
}

TEST_F(Poor, WhatCannotBeTakenBackIsToldWithThePlaceOfTheOldContent) {
  put("a", "old\n");
  refuse({renames_fail(RENAME_NOREPLACE, EIO), renames_fail(0, EIO)});
  const std::string said = text_of(patch(change_a + create_b));
  EXPECT_THAT(
      said,
      AllOf(
          HasSubstr("a could not be put back, its old content is in .opsroom-"),
          HasSubstr("write b")
      )
  );
  EXPECT_THAT(said, testing::Not(HasSubstr("nothing was changed")));
  const auto start = said.find(".opsroom-");
  EXPECT_EQ(contents(at(said.substr(start, said.find(' ', start) - start))), "old\n");
  EXPECT_EQ(contents(at("a")), "new\n");
}

}  // namespace
}  // namespace opsroom::test

#include "runbook/library.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace opsroom::runbook {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class LibraryTest : public testing::Test {
 protected:
  LibraryTest() {
    std::string name = testing::TempDir() + "opsroom-library-XXXXXX";
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "a");
    fs::create_directories(root_ / "b");
  }
  ~LibraryTest() override { fs::remove_all(root_); }

  void put(const std::string& file, const std::string& text) { write_file(root_ / file, text); }
  Library library() const { return Library({root_ / "a", root_ / "b", root_ / "missing"}); }

  Failure failure_of(const std::string& name) const {
    try {
      library().find(name);
    } catch (const Failure& failure) {
      return failure;
    }
    return Failure(Code::internal, "found");
  }

  fs::path root_;
};

const char* const one_step = "steps: [{tool: a.b}]\n";

TEST_F(LibraryTest, FindsByNameAndByFileName) {
  put("a/one.yaml", one_step);
  put("a/two.yml", "name: second\nsteps: [{tool: a.b}]\n");
  put("b/three.json", R"({"steps":[{"tool":"a.b"}]})");
  put("b/readme.md", "not a runbook");
  EXPECT_EQ(library().find("one").name, "one");
  EXPECT_EQ(library().find("second").name, "second");
  EXPECT_EQ(library().find("three").name, "three");
  EXPECT_EQ(library().all().size(), 3U);
  EXPECT_TRUE(library().problems().empty());
}

TEST_F(LibraryTest, ReadsAgainAtEachCall) {
  const Library library({root_ / "a"});
  EXPECT_TRUE(library.all().empty());
  put("a/new.yaml", one_step);
  EXPECT_EQ(library.find("new").steps[0].tool, "a.b");
  put("a/new.yaml", "steps: [{tool: c.d}]\n");
  EXPECT_EQ(library.find("new").steps[0].tool, "c.d");
}

TEST_F(LibraryTest, TheEarlierDirectoryWins) {
  put("a/x.yaml", "steps: [{tool: first.one}]\n");
  put("b/x.yaml", "steps: [{tool: second.one}]\n");
  EXPECT_EQ(library().find("x").steps[0].tool, "first.one");
  EXPECT_EQ(library().all().size(), 1U);
}

TEST_F(LibraryTest, AnUnknownNameListsTheKnownAndTheNearest) {
  put("a/deploy.yaml", one_step);
  put("a/test.yaml", one_step);
  const Failure failure = failure_of("delpoy");
  EXPECT_EQ(failure.code(), Code::not_found);
  EXPECT_THAT(
      failure.message(), HasSubstr("there is no runbook \"delpoy\"; did you mean \"deploy\"?")
  );
  EXPECT_THAT(failure.hint(), HasSubstr("deploy and test"));
}

TEST_F(LibraryTest, BrokenFilesAreProblemsAndDoNotHideTheOthers) {
  put("a/good.yaml", one_step);
  put("a/bad.yaml", "steps:\n  - tols: x\n");
  put("a/twice.yaml", "name: good\nsteps: [{tool: a.b}]\n");
  EXPECT_EQ(library().all().size(), 1U);
  const auto problems = library().problems();
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_THAT(problems[0], HasSubstr("bad.yaml:2:5: unknown key \"tols\""));
  EXPECT_THAT(problems[1], HasSubstr("the name \"good\" is already taken by good.yaml"));
  const Failure failure = failure_of("bad");
  EXPECT_EQ(failure.code(), Code::invalid);
  EXPECT_THAT(failure.message(), HasSubstr("bad.yaml:2:5:"));
}

TEST_F(LibraryTest, AnIntentIsANameFirst) {
  put("a/deploy.yaml", one_step);
  put("a/other.yaml", "intents: [deploy]\nsteps: [{tool: a.b}]\n");
  EXPECT_EQ(library().match_intent("deploy")->plan.name, "deploy");
}

TEST_F(LibraryTest, AnIntentBindsTypedInputs) {
  put("a/deploy.yaml",
      "inputs: {version: string, target: string}\nintents: [\"deploy {version} to {target}\"]\n"
      "steps: [{tool: a.b}]\n");
  put("a/wait.yaml",
      "inputs: {count: integer}\nintents: [\"wait {count} seconds\"]\nsteps: [{tool: a.b}]\n");
  const auto match = library().match_intent("Deploy v2.3.0 to prod");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->plan.name, "deploy");
  EXPECT_EQ(match->inputs, Json({{"version", "v2.3.0"}, {"target", "prod"}}));
  EXPECT_EQ(library().match_intent("wait 5 seconds")->inputs, Json({{"count", 5}}));
  EXPECT_FALSE(library().match_intent("wait some seconds"));
  EXPECT_FALSE(library().match_intent("make coffee"));
}

TEST_F(LibraryTest, TheMoreLiteralPatternWinsAndATieIsAConflict) {
  put("a/any.yaml", "inputs: {what: string}\nintents: [\"run {what}\"]\nsteps: [{tool: a.b}]\n");
  put("a/tests.yaml", "intents: [\"run tests\"]\nsteps: [{tool: a.b}]\n");
  EXPECT_EQ(library().match_intent("run tests")->plan.name, "tests");
  EXPECT_EQ(library().match_intent("run lint")->plan.name, "any");
  put("a/also.yaml", "intents: [\"run tests\"]\nsteps: [{tool: a.b}]\n");
  try {
    library().match_intent("run tests");
    FAIL() << "no conflict";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::conflict);
    EXPECT_THAT(failure.message(), HasSubstr("also and tests"));
  }
}

}  // namespace
}  // namespace opsroom::runbook

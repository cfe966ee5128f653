#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <opsroom/testkit/every_way.hpp>
#include <unistd.h>

namespace {

namespace testkit = opsroom::testkit;
using testkit::End;
using testkit::json;
using testkit::Way;

class Kit : public testkit::EveryWay {
 protected:
  testkit::Options options() const override {
    return {.config = {{"greeting", "Good day"}}, .secrets = {{"KIT_TOKEN", "sesame"}}};
  }
};
OPSROOM_EVERY_WAY(Kit);

testkit::CallSpec order_with(std::map<std::string, testkit::Answer> answers) {
  return {.tool = "order", .answers = std::move(answers)};
}

std::unique_ptr<testkit::Tool> in_memory(testkit::Options options = {}) {
  return testkit::in_memory(opsroom_plugin_v1, std::move(options));
}

}  // namespace

TEST_P(Kit, ACallTellsAllThatHappened) {
  const auto result = call("greet", {{"name", "Ann"}, {"times", 2}});
  ASSERT_EQ(result.end, End::completed) << result;
  EXPECT_EQ(result.text(), "Good day, Ann; Good day, Ann");
  EXPECT_EQ(result.data()["lines"].size(), 2u);
  EXPECT_TRUE(result.schema_problems.empty());
  ASSERT_FALSE(result.progress.empty());
  EXPECT_EQ(result.progress.back().done, 2);
  ASSERT_EQ(result.logs.size(), 2u);
  EXPECT_EQ(result.logs[0].text, "greeted Ann");
  EXPECT_EQ(result.logs[0].logger, "");
  ASSERT_EQ(result.artifacts.size(), 1u);
  EXPECT_EQ(result.artifacts[0].name, "greeting.txt");
  EXPECT_EQ(result.artifacts[0].bytes, "Good day, Ann; Good day, Ann");
}

TEST_P(Kit, ArgumentsThatDoNotFitAreRefusedWithTheirPlace) {
  const auto result = call("greet", {{"name", ""}});
  EXPECT_EQ(result.end, End::refused) << result;
  EXPECT_EQ(result.text(), "wrong arguments for greet: /name: must not be empty");
}

TEST_P(Kit, AToolThatIsNotThereIsUnknown) {
  EXPECT_EQ(call("nothing").end, End::unknown);
}

TEST_P(Kit, AllRoundsOfQuestionsAreAnswered) {
  const auto result = call(order_with({
      {"what", testkit::accept({{"size", "large"}, {"count", 3}})},
      {"sure", testkit::accept()},
      {"colour", testkit::accept({{"choice", "red"}})},
  }));
  ASSERT_EQ(result.end, End::completed) << result;
  EXPECT_EQ(result.text(), "order 42: 3 large red");
  EXPECT_EQ(result.rounds, 4u);
  EXPECT_EQ(result.questions.size(), 3u);
  EXPECT_EQ(result.questions[0].text, "What do you want?");
  EXPECT_EQ(result.questions[0].form["properties"]["count"]["type"], "integer");
  EXPECT_EQ(result.logs.size(), 2u) << "what stands in once() runs once";
}

TEST_P(Kit, ANoIsAnAnswer) {
  const auto result =
      call(order_with({{"what", testkit::accept({{"size", "small"}})}, {"sure", testkit::decline()}}
      ));
  EXPECT_EQ(result.text(), "no order") << result;
  EXPECT_EQ(call(order_with({{"what", testkit::decline()}})).end, End::failed);
}

TEST_P(Kit, AQuestionWithoutAnAnswerEndsTheCall) {
  const auto result = call("order");
  EXPECT_EQ(result.end, End::unanswered);
  ASSERT_EQ(result.questions.size(), 1u);
  EXPECT_EQ(result.questions[0].key, "what");
}

TEST_P(Kit, ACallIsCancelledWhenItSaysSomething) {
  const auto result = call(testkit::CallSpec{.tool = "wait", .cancel_on_log = "waiting"});
  EXPECT_EQ(result.end, End::cancelled) << result;
  EXPECT_EQ(call("greet", {{"name", "Bob"}}).end, End::completed) << "and then goes on";
}

TEST_P(Kit, AFailureTellsWhatItWasNestedIn) {
  const auto result = call("nest");
  EXPECT_EQ(result.end, End::failed);
  EXPECT_EQ(result.text(), "can't save: the disk is full");
}

TEST_P(Kit, SecretsReachTheTool) {
  EXPECT_EQ(call("secret").text(), "6");
}

TEST_P(Kit, AStructThatHoldsItselfTravelsBothWays) {
  const json folders = json::parse(R"({"name":"a","inside":[{"name":"c"},{"name":"b"}]})");
  const auto result = call("sort", folders);
  ASSERT_TRUE(result.ok()) << result;
  EXPECT_EQ(result.schema_problems, std::vector<std::string>{});
  EXPECT_EQ(result.data()["inside"][0]["name"], "b");
  const auto refused = call("sort", {{"name", "a"}, {"inside", {{{"name", 7}}}}});
  EXPECT_EQ(refused.end, End::refused);
  EXPECT_EQ(refused.text(), "wrong arguments for sort: /inside/0/name: expected a string, got 7");
}

TEST_P(Kit, AToolKnowsTheKeyOfItsStep) {
  EXPECT_EQ(
      call(testkit::CallSpec{.tool = "key", .context = {{"idempotencyKey", "run-7/a"}}}).text(),
      "run-7/a"
  );
  EXPECT_EQ(call("key").text(), "");
}

TEST_P(Kit, AReplyMayHoldSeveralKindsOfContent) {
  const json content = call("picture").raw["content"];
  ASSERT_EQ(content.size(), 5u);
  EXPECT_EQ(content[1], (json{{"type", "image"}, {"data", "cG5n"}, {"mimeType", "image/png"}}));
  EXPECT_EQ(content[2]["type"], "audio");
  EXPECT_EQ(content[3]["uri"], "https://example.com/a");
  EXPECT_EQ(content[4]["resource"]["text"], "a note");
}

TEST_P(Kit, AFileIsHandedInByItsPath) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("kit-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "a.txt") << std::string(3000, 'x');
  // More than fits a message; and a name that a URI can't hold as it is.
  const std::string big(std::size_t{9} << 20, 'y');
  std::ofstream(folder / "b c.txt") << big;
  const auto result =
      call(testkit::CallSpec{.tool = "take", .arguments = {{"path", "a.txt"}}, .workdir = folder});
  const auto by_path =
      call(testkit::CallSpec{.tool = "take", .arguments = {{"path", "b c.txt"}}, .workdir = folder}
      );
  const auto missing =
      call(testkit::CallSpec{.tool = "take", .arguments = {{"path", "b.txt"}}, .workdir = folder});
  std::filesystem::remove_all(folder);
  ASSERT_EQ(result.artifacts.size(), 1u) << result;
  EXPECT_EQ(result.artifacts[0].bytes, std::string(3000, 'x'));
  ASSERT_EQ(by_path.artifacts.size(), 1u) << by_path;
  EXPECT_TRUE(by_path.artifacts[0].bytes == big);
  EXPECT_EQ(missing.end, End::failed);
  EXPECT_NE(missing.text().find("b.txt"), std::string::npos);
}

TEST_P(Kit, AskAndWaitGetsItsAnswerHereOrInRounds) {
  const testkit::CallSpec spec{
      .tool = "ask_here", .answers = {{"what", testkit::accept({{"size", "small"}, {"count", 7}})}}
  };
  const auto result = call(spec);
  EXPECT_EQ(result.text(), "7") << result;
  EXPECT_EQ(result.rounds, 2u);
}

TEST_P(Kit, WhatThePluginShowsIsInOrder) {
  EXPECT_EQ(tool().manifest_problems(), std::vector<std::string>{});
  EXPECT_EQ(tool().manifest()["tools"].size(), 10u);
}

TEST(KitInMemory, AToolWaitsInPlaceWhereTheHostCanAskAtOnce) {
  const auto kit = in_memory({.waits_in_place = true});
  const testkit::CallSpec spec{
      .tool = "ask_here", .answers = {{"what", testkit::accept({{"size", "small"}, {"count", 7}})}}
  };
  const auto result = kit->call(spec);
  EXPECT_EQ(result.text(), "7") << result;
  EXPECT_EQ(result.rounds, 1u);
}

TEST(KitInMemory, ACallIsCancelledAtEachOfItsCheckpoints) {
  const auto kit = in_memory();
  const testkit::CallSpec spec{.tool = "greet", .arguments = {{"name", "Ann"}, {"times", 4}}};
  std::size_t times = 0;
  const std::size_t checkpoints =
      testkit::cancel_everywhere(*kit, spec, [&](std::size_t n, const testkit::Result& result) {
        ++times;
        EXPECT_EQ(result.end, End::cancelled) << result;
        EXPECT_EQ(result.logs.size(), n - 1);
      });
  EXPECT_EQ(checkpoints, 4u);
  EXPECT_EQ(times, 4u);
}

TEST(KitInMemory, ResourcesPromptsAndCompletionsAreServedUnderReservedNames) {
  const auto kit = in_memory();
  const json shown = kit->manifest();
  EXPECT_EQ(shown["resources"][0]["uri"], "kit:///readme");
  EXPECT_EQ(shown["resourceTemplates"][0]["uriTemplate"], "kit:///notes/{name}");
  EXPECT_EQ(shown["prompts"][0]["arguments"][0]["required"], true);
  EXPECT_EQ(shown["completions"], true);
  EXPECT_EQ(
      kit->request("resources/read", {{"uri", "kit:///notes/a%20b"}})["contents"][0]["text"],
      "note a b"
  );
  EXPECT_THROW(kit->request("resources/read", {{"uri", "kit:///notes/none"}}), std::runtime_error);
  EXPECT_THROW(kit->request("resources/read", {{"uri", "kit:///a/b"}}), std::runtime_error);
  const json poem = kit->request(
      "prompts/get", {{"name", "poem"}, {"arguments", {{"topic", "rain"}, {"loud", "true"}}}}
  );
  EXPECT_EQ(poem["messages"][0]["content"]["text"], "WRITE about rain");
  const auto completed = [&](const json& ref, const char* name, const char* typed) {
    const json params{{"ref", ref}, {"argument", {{"name", name}, {"value", typed}}}};
    return kit->request("completion/complete", params)["completion"]["values"];
  };
  EXPECT_EQ(
      completed({{"type", "ref/resource"}, {"uri", "kit:///notes/{name}"}}, "name", "m"),
      json::array({"monday", "mayday"})
  );
  EXPECT_EQ(
      completed({{"type", "ref/prompt"}, {"name", "poem"}}, "size", ""),
      json::array({"small", "large"})
  );
}

TEST(KitInMemory, SettingsThatDoNotFitKeepThePluginFromStarting) {
  EXPECT_THROW(in_memory({.config = {{"greeting", 3}}}), std::runtime_error);
}

TEST(KitInMemory, AMissingSecretNamesTheRemedy) {
  const auto result = in_memory()->call("secret");
  EXPECT_EQ(result.end, End::failed);
  EXPECT_NE(result.text().find("\"env\": {\"KIT_TOKEN\""), std::string::npos) << result;
}

TEST(KitProcess, AServerThatDiesIsBrokenAndTheNextCallGetsANewOne) {
  const auto kit = testkit::as_server({"/bin/false"});
  EXPECT_THROW(kit->manifest(), std::runtime_error);
  EXPECT_THROW(testkit::as_server({"/no/such/program"})->manifest(), std::runtime_error);
}

TEST(SchemaProblems, AreFoundWhereTheyAre) {
  const json schema = json::parse(R"({"type":"object","required":["a","b"],
    "additionalProperties":false,"properties":{"a":{"type":"array","items":{"type":"integer"}},
    "b":{"enum":["x"]},"c":{"anyOf":[{"type":"null"},{"type":"string","minLength":2}]}}})");
  EXPECT_TRUE(testkit::schema_problems(schema, {{"a", {1, 2}}, {"b", "x"}, {"c", nullptr}}).empty()
  );
  EXPECT_EQ(
      testkit::schema_problems(schema, {{"a", {1, "2"}}, {"c", "x"}, {"d", 1}}),
      (std::vector<std::string>{
          "/b: is missing",
          "/a/1: is no \"integer\" but \"2\"",
          "/c: \"x\" fits none of the alternatives",
          "/d: is not known"
      })
  );
}

TEST(SchemaProblems, AreFoundBehindReferences) {
  const json schema = json::parse(R"({"$ref":"#/$defs/N","$defs":{"N":{"type":"object",
    "required":["name"],"properties":{"more":{"type":"array","items":{"$ref":"#/$defs/N"}},
    "odd":{"$ref":"#/$defs/None"}}}}})");
  EXPECT_TRUE(
      testkit::schema_problems(schema, json::parse(R"({"name":1,"more":[{"name":2}]})")).empty()
  );
  EXPECT_EQ(
      testkit::schema_problems(schema, json::parse(R"({"name":1,"more":[{"more":[7]}],"odd":1})")),
      (std::vector<std::string>{
          "/more/0/name: is missing",
          "/more/0/more/0: is no \"object\" but 7",
          "/odd: has a schema that refers to nothing here: #/$defs/None"
      })
  );
}

#include "runbook/inputs.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace opsroom::runbook {
namespace {

using testing::HasSubstr;

Plan plan() {
  return parse_runbook(
      R"(
name: deploy
inputs:
  version: {type: string, description: The version to deploy}
  target: {type: string, enum: [staging, prod], default: staging}
  count: {type: integer, default: 1}
  ratio: number?
  force: boolean?
  command: array?
  options: {type: object, default: {}, properties: {depth: {type: integer, default: 5}}}
  either: {type: [integer, string], default: 0}
steps: [{tool: a.b}]
)",
      "deploy.yaml"
  );
}

Failure failure_of(const Json& given) {
  try {
    fill_inputs(plan(), given);
  } catch (const Failure& failure) {
    return failure;
  }
  return Failure(Code::internal, "nothing failed");
}

TEST(FillInputs, AddsTheDefaults) {
  EXPECT_EQ(
      fill_inputs(plan(), {{"version", "1"}}),
      Json::parse(R"({"version":"1","target":"staging","count":1,"options":{"depth":5},"either":0})"
      )
  );
  EXPECT_EQ(fill_inputs(parse_runbook("steps: [{tool: a.b}]", "x.yaml"), nullptr), Json::object());
}

TEST(FillInputs, NamesEveryMissingAndWrongInputWithTheRemedy) {
  const Failure failure = failure_of({{"target", "moon"}, {"count", "x"}, {"verson", "1"}});
  EXPECT_EQ(failure.code(), Code::invalid);
  EXPECT_THAT(failure.message(), HasSubstr("runbook deploy: "));
  EXPECT_THAT(failure.message(), HasSubstr("unknown input \"verson\"; did you mean \"version\"?"));
  EXPECT_THAT(
      failure.message(), HasSubstr("input \"version\" is missing (string, The version to deploy)")
  );
  EXPECT_THAT(
      failure.message(),
      HasSubstr("input \"target\": must be one of \"staging\", \"prod\", got \"moon\"")
  );
  EXPECT_THAT(failure.message(), HasSubstr("input \"count\": expected integer, got string"));
  EXPECT_THAT(failure.hint(), HasSubstr("--input version=value"));
  EXPECT_THAT(failure.hint(), HasSubstr("--input count=value"));
}

TEST(FillInputs, NamesThePlaceInsideAnInput) {
  const Failure failure = failure_of({{"version", "1"}, {"options", {{"depth", "deep"}}}});
  EXPECT_THAT(
      failure.message(), HasSubstr("input \"options\" at /depth: expected integer, got string")
  );
}

TEST(FillInputs, AnswersOnlyOnceForEachProblem) {
  const std::string message = failure_of(Json::object()).message();
  EXPECT_EQ(message.find("missing"), message.rfind("missing"));
}

TEST(FillInputs, OpenSchemasTakeOtherNames) {
  const Plan open = parse_runbook(
      "inputs: {type: object, additionalProperties: {type: integer}}\nsteps: [{tool: a.b}]",
      "x.yaml"
  );
  EXPECT_EQ(fill_inputs(open, {{"any", 1}}), Json({{"any", 1}}));
  EXPECT_THROW(fill_inputs(open, {{"any", "x"}}), Failure);
  const Plan silent =
      parse_runbook("inputs: {type: object, properties: {a: {}}}\nsteps: [{tool: a.b}]", "x.yaml");
  EXPECT_THROW(fill_inputs(silent, {{"b", 1}}), Failure);
}

TEST(FillInputs, InputsHaveToBeAnObject) {
  EXPECT_EQ(failure_of(Json::array({1})).code(), Code::invalid);
}

TEST(ParseInputValues, AreTypedByTheSchema) {
  const Json values = parse_input_values(
      plan(),
      {"version=1.0",
       "count= 5",
       "ratio=0.25",
       "force=true",
       "command=[\"a\", \"b=c\"]",
       "options={\"depth\": 2}",
       "either=x"}
  );
  EXPECT_EQ(
      values,
      Json::parse(
          R"({"version":"1.0","count":5,"ratio":0.25,"force":true,"command":["a","b=c"],"options":{"depth":2},
                      "either":"x"})"
      )
  );
  EXPECT_EQ(parse_input_values(plan(), {"either=7"})["either"], 7);
  EXPECT_EQ(parse_input_values(plan(), {"version="})["version"], "");
  EXPECT_EQ(parse_input_values(plan(), {"version=a=b"})["version"], "a=b");
}

TEST(ParseInputValues, SayWhatIsWrong) {
  const auto message_of = [](const std::vector<std::string>& words) {
    try {
      parse_input_values(plan(), words);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_THAT(message_of({"version"}), HasSubstr("--input name=value"));
  EXPECT_THAT(message_of({"=x"}), HasSubstr("is not an input"));
  EXPECT_THAT(message_of({"verson=1"}), HasSubstr("did you mean \"version\"?"));
  EXPECT_THAT(message_of({"count=many"}), HasSubstr("expected integer, got \"many\""));
  EXPECT_THAT(message_of({"command=ls"}), HasSubstr("written as JSON"));
  EXPECT_THAT(message_of({"force=yes"}), HasSubstr("expected boolean"));
  EXPECT_THAT(message_of({"count=1", "count=2"}), HasSubstr("given twice"));
  EXPECT_THAT(message_of({"version=@/nowhere/at/all"}), HasSubstr("/nowhere/at/all"));
}

TEST(ParseInputValues, TakeTheContentOfAFile) {
  const std::string path = testing::TempDir() + "opsroom-input-" + std::to_string(::getpid());
  std::ofstream(path) << "line 1\nline 2\n";
  EXPECT_EQ(parse_input_values(plan(), {"version=@" + path})["version"], "line 1\nline 2\n");
  std::ofstream(path) << " [\"x\"]\n";
  EXPECT_EQ(parse_input_values(plan(), {"command=@" + path})["command"], Json::array({"x"}));
  std::ofstream(path) << "\xff\xfe";
  EXPECT_THROW(parse_input_values(plan(), {"version=@" + path}), Failure);
  std::remove(path.c_str());
  EXPECT_EQ(parse_input_values(plan(), {"version=@@home"})["version"], "@home");
}

TEST(TypedInput, WithoutATypeTheNamedConstantsDecide) {
  EXPECT_EQ(typed_input("x", {{"enum", {1, 2}}}, "2"), 2);
  EXPECT_EQ(typed_input("x", {{"enum", {"1", "2"}}}, "2"), "2");
  EXPECT_EQ(typed_input("x", Json::object(), "2"), "2");
  EXPECT_EQ(typed_input("x", true, "2"), "2");
}

}  // namespace
}  // namespace opsroom::runbook

#include "base/failure.hpp"
#include "runbook/plan.hpp"

#include <gtest/gtest.h>

namespace opsroom::runbook {
namespace {

using namespace std::chrono_literals;

Plan parse(const std::string& text) {
  return parse_runbook(text, "dir/deploy.yaml");
}

Json with_of(const std::string& with) {
  return parse("steps:\n  - tool: a.b\n    with: " + with + "\n").steps.at(0).with;
}

TEST(ParseRunbook, ReadsEveryKey) {
  const Plan plan = parse(R"(
name: ship
description: Ships it.
inputs:
  type: object
  properties:
    version: {type: string}
    target: {type: string, default: staging}
  required: [version]
intents: ["deploy {version} to {target}"]
steps:
  - id: test
    tool: exec.run
    with: {command: [ctest, --output-on-failure]}
    timeout: 90s
    on_interrupt: retry
    retry: {attempts: 3, backoff: 2m}
  - tool: git.commit
    with:
      message: "Release ${{ inputs.version }}: ${{ steps.test.output.exit_code }}"
)");
  EXPECT_EQ(plan.name, "ship");
  EXPECT_EQ(plan.description, "Ships it.");
  EXPECT_EQ(plan.inputs["required"], Json::array({"version"}));
  EXPECT_EQ(plan.intents, std::vector<std::string>{"deploy {version} to {target}"});
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].id, "test");
  EXPECT_EQ(plan.steps[0].tool, "exec.run");
  EXPECT_EQ(plan.steps[0].with, Json::parse(R"({"command":["ctest","--output-on-failure"]})"));
  EXPECT_EQ(plan.steps[0].timeout, 90s);
  EXPECT_EQ(plan.steps[0].on_interrupt, OnInterrupt::retry);
  EXPECT_EQ(plan.steps[0].retry.attempts, 3);
  EXPECT_EQ(plan.steps[0].retry.backoff, 2min);
  EXPECT_EQ(plan.steps[1].id, "step-2");
  EXPECT_EQ(plan.steps[1].timeout, 0min) << "none is given: the limits of its source hold";
  EXPECT_EQ(plan.steps[1].on_interrupt, OnInterrupt::ask);
  EXPECT_EQ(plan.steps[1].retry.attempts, 1);
}

TEST(ParseRunbook, TakesTheFileNameWhenThereIsNoName) {
  EXPECT_EQ(parse("steps: [{tool: a.b}]").name, "deploy");
}

TEST(ParseRunbook, TypesScalarsByTheCoreSchema) {
  struct Row {
    const char* yaml;
    Json value;
  };
  const Row rows[] = {
      {"true", true},
      {"False", false},
      {"null", nullptr},
      {"~", nullptr},
      {"", nullptr},
      {"5", 5},
      {"-5", -5},
      {"+5", 5},
      {"0755", 755},
      {"0o17", 15},
      {"0x1F", 31},
      {"1.5", 1.5},
      {"1e3", 1000.0},
      {".5", 0.5},
      {"5.", 5.0},
      {"yes", "yes"},
      {"on", "on"},
      {"'5'", "5"},
      {"\"true\"", "true"},
      {"!!str 5", "5"},
      {"1.2.3", "1.2.3"},
      {"2024-01-02", "2024-01-02"},
      {"0o9", "0o9"},
      {"-", "-"},
      {"1e", "1e"},
      {"\"\"", ""},
      {"9223372036854775808", 9223372036854775808ULL},
      {"tRue", "tRue"},
      {"0x", "0x"},
      {"--5", "--5"},
      {"[a, 1]", {"a", 1}},
  };
  for (const Row& row : rows) {
    if (std::string(row.yaml) == "-") continue;
    EXPECT_EQ(with_of("{x: " + std::string(row.yaml) + "}")["x"], row.value) << row.yaml;
  }
}

TEST(ParseRunbook, KeepsBlockTextsAsTheyAre) {
  const Plan plan =
      parse("steps:\n  - tool: a.b\n    with:\n      content: |\n        one\n          two\n");
  EXPECT_EQ(plan.steps[0].with["content"], "one\n  two\n");
}

TEST(ParseRunbook, ResolvesAnchorsWithinBounds) {
  EXPECT_EQ(with_of("{a: &x [1, 2], b: *x}"), Json::parse(R"({"a":[1,2],"b":[1,2]})"));
}

TEST(ParseRunbook, ReadsJsonWithItsOwnEscapes) {
  const Plan plan = parse_runbook(
      "{\n\t\"steps\": [{\"tool\": \"a.b\", \"with\": {\"x\": \"\\/\\ud83d\\ude00\\t\"}}]}",
      "x.json"
  );
  EXPECT_EQ(plan.steps[0].with["x"], "/😀\t");
}

TEST(ParseRunbook, UnderstandsTheShortInputs) {
  const Plan plan = parse(R"(
inputs:
  version: string
  note: string?
  count: {type: integer, default: 3}
steps: [{tool: a.b}]
)");
  EXPECT_EQ(plan.inputs["type"], "object");
  EXPECT_EQ(plan.inputs["required"], Json::array({"version"}));
  EXPECT_EQ(plan.inputs["properties"]["note"], Json({{"type", "string"}}));
  EXPECT_EQ(plan.inputs["properties"]["count"]["default"], 3);
  EXPECT_EQ(plan.inputs["additionalProperties"], false);
}

TEST(ParseRunbook, HasInputsOfTypeObjectEvenWithoutInputs) {
  const Plan plan = parse("steps: [{tool: a.b}]");
  EXPECT_EQ(plan.inputs["type"], "object");
  EXPECT_EQ(plan.inputs["properties"], Json::object());
}

TEST(ParseRunbook, ReadsDurations) {
  const auto timeout = [](const std::string& text) {
    return parse("steps: [{tool: a.b, timeout: " + text + "}]").steps[0].timeout;
  };
  EXPECT_EQ(timeout("500ms"), 500ms);
  EXPECT_EQ(timeout("10m"), 10min);
  EXPECT_EQ(timeout("1h30m"), 90min);
  EXPECT_EQ(timeout("2d"), 48h);
}

TEST(Digest, DependsOnTheDefinitionAndNotOnItsLayout) {
  const Plan a = parse("name: x\nsteps:\n  - {tool: a.b, timeout: 10m}\n");
  const Plan b = parse("# a comment\nsteps: [{timeout: 10m, tool: a.b}]\nname: x");
  const Plan c = parse("name: x\nsteps: [{tool: a.c}]");
  EXPECT_EQ(a.digest.size(), 64U);
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_NE(a.digest, c.digest);
}

TEST(PlanJson, SurvivesTheRoundTrip) {
  const Plan plan =
      parse(R"({"name":"x","description":"d","inputs":{"a":"string"},"intents":["do {a}"],
    "steps":[{"id":"one","tool":"a.b","with":{"k":[1,null]},"timeout":"1s","on_interrupt":"fail",
    "retry":{"attempts":2,"backoff":"5s"}}]})");
  const Json json = to_json(plan);
  EXPECT_EQ(to_json(plan_from_json(json)), json);
  EXPECT_EQ(json["steps"][0]["timeout_ms"], 1000);
  EXPECT_EQ(json["steps"][0]["on_interrupt"], "fail");
  EXPECT_EQ(json["steps"][0]["retry"], (Json{{"attempts", 2}, {"backoff_ms", 5000}}));
}

TEST(PlanJson, ReadsWhatAPersonWrote) {
  const Plan plan =
      plan_from_json(Json::parse(R"({"name":"x","steps":[{"id":"a","tool":"s.t"}]})"));
  EXPECT_EQ(plan.steps[0].timeout, 0min);
  EXPECT_FALSE(to_json(plan)["steps"][0].contains("timeout_ms"));
  EXPECT_FALSE(to_json(plan)["steps"][0].contains("retry")) << "it would change every digest";
  EXPECT_EQ(plan.inputs["type"], "object");
  EXPECT_EQ(plan.digest.size(), 64U);
}

TEST(PlanJson, NamesTheFieldThatIsWrong) {
  const char* wrong[][2] = {
      {R"({"steps":[]})", "plan/name"},
      {R"({"name":"x","steps":[]})", "plan/steps"},
      {R"({"name":"x","steps":[{"id":"a"}]})", "plan/steps/0/tool"},
      {R"({"name":"x","steps":[{"id":"a","tool":"nodot"}]})", "plan/steps/0/tool"},
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","timeout_ms":0}]})", "plan/steps/0/timeout_ms"
      },
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","on_interrupt":"no"}]})",
       "plan/steps/0/on_interrupt"},
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","retry":3}]})", "plan/steps/0/retry"},
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","retry":{"attempts":0}}]})",
       "plan/steps/0/retry/attempts"},
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","retry":{"attempts":2,"backoff_ms":-1}}]})",
       "plan/steps/0/retry/backoff_ms"},
      {R"({"name":"x","steps":[{"id":"a","tool":"s.t","with":[]}]})", "plan/steps/0/with"},
      {R"({"name":"x","inputs":{"type":"objekt"},"steps":[{"id":"a","tool":"s.t"}]})", "plan/inputs"
      },
      {R"([])", "plan"},
  };
  for (const auto& [json, place] : wrong) {
    try {
      plan_from_json(Json::parse(json));
      FAIL() << json;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::invalid);
      EXPECT_NE(failure.message().find(place), std::string::npos) << failure.message();
    }
  }
}

}  // namespace
}  // namespace opsroom::runbook

#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::runbook {
namespace {

using testing::HasSubstr;

/// The lines of the message.
std::vector<std::string> problems_of(const std::string& text) {
  try {
    parse_runbook(text, "deploy.yaml");
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::invalid);
    return split_lines(failure.message());
  }
  return {};
}

/// The one problem of a text.
std::string problem_of(const std::string& text) {
  const auto problems = problems_of(text);
  EXPECT_EQ(problems.size(), 1U) << text << "\n" << (problems.size() > 1 ? problems[1] : "");
  return problems.empty() ? "" : problems[0];
}

std::string in_step(const std::string& lines) {
  return problem_of("steps:\n  - tool: a.b\n" + lines);
}

TEST(ParseErrors, SayWhereTheSyntaxBreaks) {
  EXPECT_THAT(problem_of("steps:\n  - tool: a.b\n   x: 1\n"), HasSubstr("deploy.yaml:3:"));
  EXPECT_THAT(problem_of("steps: [{tool: a.b\n"), HasSubstr("not YAML"));
  EXPECT_THAT(problem_of("{\"steps\": [}"), HasSubstr("deploy.yaml:1:"));
}

TEST(ParseErrors, SayThatAFileIsEmptyOrSomethingElse) {
  EXPECT_THAT(problem_of(""), HasSubstr("empty"));
  EXPECT_THAT(problem_of("# only a comment\n"), HasSubstr("empty"));
  EXPECT_THAT(problem_of("just text"), HasSubstr("a runbook is a mapping"));
  EXPECT_THAT(
      problem_of("steps: [{tool: a.b}]\n---\nsteps: [{tool: a.b}]\n"), HasSubstr("second document")
  );
}

TEST(ParseErrors, NameUnknownKeysAndTheNearestKnownOne) {
  EXPECT_EQ(
      in_step("    tols: x\n"), "deploy.yaml:3:5: unknown key \"tols\"; did you mean \"tool\"?"
  );
  EXPECT_EQ(
      problem_of("stps: []\nsteps: [{tool: a.b}]\n"),
      "deploy.yaml:1:1: unknown key \"stps\"; did you mean \"steps\"?"
  );
  EXPECT_THAT(in_step("    intents: x\n"), HasSubstr("belongs to the runbook"));
  EXPECT_THAT(
      in_step("    banana: x\n"),
      HasSubstr("there are id, tool, with, timeout, on_interrupt and retry")
  );
}

TEST(ParseErrors, NameKeysOfLaterVersions) {
  for (const char* key : {"when", "ask", "parallel", "for_each", "outputs"}) {
    EXPECT_EQ(
        in_step("    " + std::string(key) + ": x\n"),
        "deploy.yaml:3:5: the key \"" + std::string(key) +
            "\" is not supported by this version of opsroom"
    );
  }
  for (const char* key : {"finally", "on_error", "outputs"}) {
    EXPECT_THAT(
        problem_of("steps: [{tool: a.b}]\n" + std::string(key) + ": []\n"),
        HasSubstr("deploy.yaml:2:1:")
    );
  }
  EXPECT_THAT(problem_of("steps:\n  - ask: Ready?\n"), HasSubstr("not supported by this version"));
}

TEST(ParseErrors, AreAllReportedInTheOrderOfTheFile) {
  const auto problems = problems_of(R"(nam: x
inputs:
  count: intger
steps:
  - id: a
    tool: execrun
  - id: a
    tool: exec.run
    timeout: soon
  - with: {}
  - tool: exec.run
    with:
      command: ["${{ inputs.cuont }}", "${{ 1 + }}"]
)");
  ASSERT_EQ(problems.size(), 8U) << testing::PrintToString(problems);
  EXPECT_THAT(
      problems[0], HasSubstr("deploy.yaml:1:1: unknown key \"nam\"; did you mean \"name\"?")
  );
  EXPECT_THAT(
      problems[1],
      HasSubstr("deploy.yaml:3:10: \"intger\" is not a type; did you mean \"integer\"?")
  );
  EXPECT_THAT(problems[2], HasSubstr("deploy.yaml:6:11: \"execrun\" is not a tool name"));
  EXPECT_THAT(problems[3], HasSubstr("deploy.yaml:7:9: the step id \"a\" is already taken"));
  EXPECT_THAT(problems[4], HasSubstr("deploy.yaml:9:14: timeout: \"soon\" is not a duration"));
  EXPECT_THAT(problems[5], HasSubstr("deploy.yaml:10:5: the step has no tool"));
  EXPECT_THAT(
      problems[6],
      HasSubstr(
          "deploy.yaml:13:17: ${{ inputs.cuont }}: unknown input \"cuont\"; did you mean \"count\"?"
      )
  );
  EXPECT_THAT(
      problems[7], HasSubstr("deploy.yaml:13:40: ${{ 1 + }}: unexpected symbol at its end")
  );
}

TEST(ParseErrors, KnowPlacesInJsonToo) {
  const auto problem =
      problem_of("{\n  \"steps\": [\n    {\"tool\": \"a.b\",\n     \"tiemout\": \"1s\"}\n  ]\n}");
  EXPECT_EQ(problem, "deploy.yaml:4:6: unknown key \"tiemout\"; did you mean \"timeout\"?");
  EXPECT_THAT(
      problem_of("{\"steps\":[{\"tool\":\"a.b\",\n\"tool\":\"a.c\"}]}"),
      HasSubstr("2:1: the key \"tool\" stands twice")
  );
}

TEST(ParseErrors, RefuseWhatYamlAllowsAndARunbookDoesNot) {
  EXPECT_THAT(in_step("    with: {a: 1, a: 2}\n"), HasSubstr("3:18: the key \"a\" stands twice"));
  EXPECT_THAT(in_step("    with: {a: !secret x}\n"), HasSubstr("the tag !secret is not supported"));
  EXPECT_THAT(in_step("    with: {a: .nan}\n"), HasSubstr(".nan is no number JSON knows"));
  EXPECT_THAT(in_step("    with: {a: 1e999}\n"), HasSubstr("too large"));
  EXPECT_THAT(in_step("    with: {a: 99999999999999999999}\n"), HasSubstr("too large"));
  EXPECT_THAT(in_step("    with: {? [a] : 1}\n"), HasSubstr("a key has to be a plain text"));
  EXPECT_THAT(in_step("    with: &w {a: 1}\n    <<: *w\n"), HasSubstr("merge keys"));
  EXPECT_THAT(in_step("    with: [1]\n"), HasSubstr("with: expected a mapping"));
}

TEST(ParseErrors, StepsNeedSenseInEveryField) {
  EXPECT_THAT(problem_of("name: x\n"), HasSubstr("at least one step"));
  EXPECT_THAT(problem_of("steps: []\n"), HasSubstr("1:8: steps: a runbook needs a list"));
  EXPECT_THAT(
      problem_of("steps: [exec.run]\n"), HasSubstr("a step is a mapping with a tool, not string")
  );
  EXPECT_THAT(problem_of("steps:\n  - tool:\n"), HasSubstr("tool: is empty"));
  EXPECT_THAT(problem_of("steps:\n  - tool: 5\n"), HasSubstr("expected a text, got integer"));
  EXPECT_THAT(problem_of("steps:\n  - tool: a.b c\n"), HasSubstr("is not a tool name"));
  EXPECT_THAT(in_step("    id: 9lives\n"), HasSubstr("cannot be a step's id"));
  EXPECT_THAT(in_step("    on_interrupt: maybe\n"), HasSubstr("not one of ask, retry and fail"));
  EXPECT_THAT(in_step("    retry: 3\n"), HasSubstr("deploy.yaml:3:12: retry: expected a mapping"));
  EXPECT_THAT(
      in_step("    retry: {}\n"), HasSubstr("retry: needs attempts, a whole number from 1")
  );
  EXPECT_THAT(in_step("    retry: {attempts: 0}\n"), HasSubstr("retry: needs attempts"));
  EXPECT_THAT(in_step("    retry: {attempts: 101}\n"), HasSubstr("to 100"));
  EXPECT_THAT(in_step("    retry: {attempts: 2.5}\n"), HasSubstr("retry: needs attempts"));
  EXPECT_THAT(
      in_step("    retry: {attempts: 2, backoff: 5}\n"), HasSubstr("backoff: 5 is not a duration")
  );
  EXPECT_THAT(
      in_step("    retry: {attempts: 2, backoff: 2d}\n"), HasSubstr("a duration of at most 1d")
  );
  EXPECT_THAT(
      in_step("    retry: {attempts: 2, bakoff: 5s}\n"),
      HasSubstr("unknown key \"bakoff\"; did you mean \"backoff\"?")
  );
  EXPECT_THAT(in_step("    timeout: 30\n"), HasSubstr("30 is not a duration"));
  EXPECT_THAT(in_step("    timeout: 0s\n"), HasSubstr("between 1ms and 7d"));
  EXPECT_THAT(in_step("    timeout: 8d\n"), HasSubstr("between 1ms and 7d"));
  EXPECT_THAT(
      problem_of("name: a/b\nsteps: [{tool: a.b}]\n"), HasSubstr("cannot be a runbook's name")
  );
}

TEST(ParseErrors, InputSchemasAreChecked) {
  const auto with_inputs = [](const std::string& inputs) {
    return problem_of("inputs: " + inputs + "\nsteps: [{tool: a.b}]\n");
  };
  EXPECT_THAT(
      with_inputs("{type: object, properties: {a: {type: strin}}}"),
      HasSubstr("1:47: inputs/properties/a/type")
  );
  EXPECT_THAT(with_inputs("{a: {type: strin}}"), HasSubstr("1:20: inputs/properties/a/type"));
  EXPECT_THAT(
      with_inputs("{a: {type: integer, default: x}}"),
      HasSubstr("the default of input \"a\" does not fit")
  );
  EXPECT_THAT(with_inputs("[a]"), HasSubstr("expected a JSON Schema or a list of names"));
  EXPECT_THAT(with_inputs("{a: 5}"), HasSubstr("an input is a type"));
  EXPECT_THAT(
      with_inputs("{type: object, properties: {a: {$ref: \"https://example.test/x\"}}}"),
      HasSubstr("nothing is fetched")
  );
}

TEST(ParseErrors, IntentsAreChecked) {
  const auto with_intent = [](const std::string& intent) {
    return problem_of(
        "inputs: {version: string}\nintents:\n  - " + intent + "\nsteps: [{tool: a.b}]\n"
    );
  };
  EXPECT_THAT(
      with_intent("\"deploy {verson}\""),
      HasSubstr("3:5: the intent \"deploy {verson}\" names no input with {verson}; did you mean "
                "{version}?")
  );
  EXPECT_THAT(with_intent("\"deploy {version\""), HasSubstr("brace"));
  EXPECT_THAT(with_intent("\"{version}\""), HasSubstr("no words of its own"));
  EXPECT_THAT(with_intent("\"a {version}{version}\""), HasSubstr("a word before"));
  EXPECT_THAT(with_intent("{version}"), HasSubstr("quote it"));
}

TEST(ParseErrors, ExpressionsAreCheckedWithoutRunningThem) {
  const auto with_text = [](const std::string& text) {
    return problem_of(
        "inputs: {version: string}\nsteps:\n  - {id: build-all, tool: a.b}\n  - tool: a.b\n    "
        "with: {x: '" +
        text +
        "'}\n"
        "  - {id: later, tool: a.b}\n"
    );
  };
  EXPECT_THAT(with_text("${{ inputs.version"), HasSubstr("5:15: ${{ is not closed by }}"));
  EXPECT_THAT(with_text("${{ }}"), HasSubstr("it is empty"));
  EXPECT_THAT(with_text("${{ steps.later.output }}"), HasSubstr("unknown earlier step \"later\""));
  EXPECT_THAT(with_text("${{ steps.build.output }}"), HasSubstr("written steps[\"build-all\"]"));
  EXPECT_THAT(
      with_text("${{ input.version }}"),
      HasSubstr("unknown name \"input\"; did you mean \"inputs\"?")
  );
  EXPECT_THAT(with_text("${{ os.exit() }}"), HasSubstr("unknown name \"os\""));
  EXPECT_TRUE(problems_of("inputs: {a: string}\nsteps: [{id: s, tool: a.b}, {tool: a.b, with: {x: "
                          "'${{ inputs[\"a\"] .. "
                          "steps.s.output.inputs .. lane.name .. string.upper(\"inputs.zzz\") }}', "
                          "y: '$${{ secrets.X }}'}}]")
                  .empty());
}

TEST(ParseErrors, BombsEndEarly) {
  std::string bomb = "a: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j)
      bomb += (j > 0 ? ", " : "") + before;
    bomb += "]\n";
  }
  EXPECT_THAT(problems_of(bomb).at(0), HasSubstr("more than 100000 values"));
  EXPECT_FALSE(problems_of(std::string(100'000, '[')).empty());
  EXPECT_FALSE(problems_of("x: " + std::string(400, '[') + std::string(400, ']')).empty());
  EXPECT_FALSE(
      problems_of("{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}").empty()
  );
  EXPECT_THAT(problem_of(std::string(2 << 20, ' ')), HasSubstr("larger than 1024 KiB"));
}

TEST(ParseErrors, BytesThatAreNotTextAreReported) {
  EXPECT_FALSE(problems_of("steps:\n  - tool: \"a.\xff\"\n").empty());
  EXPECT_FALSE(problems_of(std::string("steps:\n  - tool: \"a.\0b\"\n", 24)).empty());
}

}  // namespace
}  // namespace opsroom::runbook

#include "base/files.hpp"
#include "runbook/inputs.hpp"
#include "runbook/library.hpp"
#include "runbook/source_text.hpp"
#include "schema/validator.hpp"

#include <gtest/gtest.h>

#include <set>

namespace opsroom::runbook {
namespace {

const std::filesystem::path source_directory = OPSROOM_SOURCE_DIR;
const auto examples = source_directory / "examples/runbooks";

schema::Validator published_schema() {
  const auto path = source_directory / "docs/runbook.schema.json";
  return schema::Validator(parse_json(read_file(path), path.string()));
}

Json value_of(const std::string& text) {
  Report report("text");
  return read_source(text, report).value;
}

TEST(Examples, AreSoundAndHaveIntents) {
  const Library library({examples});
  EXPECT_TRUE(library.problems().empty()) << library.problems().at(0);
  EXPECT_GE(library.all().size(), 5U);
  const std::set<std::string> tools = {"exec.run", "files.write", "git.commit"};
  for (const Plan& plan : library.all()) {
    EXPECT_FALSE(plan.description.empty()) << plan.name;
    for (const PlanStep& step : plan.steps)
      EXPECT_EQ(tools.count(step.tool), 1U) << plan.name << " " << step.tool;
  }
}

TEST(Examples, FitThePublishedSchema) {
  const auto schema = published_schema();
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(examples)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto problems = schema.validate(value_of(read_file(entry.path())));
    EXPECT_EQ(schema::to_text(problems), "") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 5);
}

TEST(PublishedSchema, AgreesWithTheParser) {
  const auto schema = published_schema();
  const char* sound[] = {
      "steps: [{tool: a.b}]",
      "inputs: {a: string, b: 'integer?', c: {type: array}}\nsteps: [{tool: a.b, timeout: 1h30m}]",
      "inputs: {type: object, properties: {a: {type: string}}}\nsteps: [{tool: a.b/c.d}]",
      "intents: [go]\nsteps: [{id: x_1, tool: a.b, with: {k: [1]}, on_interrupt: fail}]",
  };
  for (const char* text : sound) {
    EXPECT_EQ(schema::to_text(schema.validate(value_of(text))), "") << text;
    EXPECT_NO_THROW(parse_runbook(text, "x.yaml")) << text;
  }
  const char* broken[] = {
      "steps: []",
      "name: x",
      "steps: [{tool: ab}]",
      "steps: [{id: x}]",
      "steps: [{tool: a.b, timeout: 10}]",
      "steps: [{tool: a.b, timeout: soon}]",
      "steps: [{tool: a.b, retry: 2}]",
      "steps: [{tool: a.b, on_interrupt: maybe}]",
      "steps: [{tool: a.b, with: [1]}]",
      "steps: [{tool: a.b, id: '9'}]",
      "name: a/b\nsteps: [{tool: a.b}]",
      "inputs: {a: strin}\nsteps: [{tool: a.b}]",
      "inputs: {type: object, properties: {a: {type: 5}}}\nsteps: [{tool: a.b}]",
      "finally: []\nsteps: [{tool: a.b}]",
  };
  for (const char* text : broken) {
    EXPECT_FALSE(schema.validate(value_of(text)).empty()) << text;
    EXPECT_ANY_THROW(parse_runbook(text, "x.yaml")) << text;
  }
}

TEST(Examples, IntentsOfTheDocumentationMatch) {
  const Library library({examples});
  const auto match = library.match_intent("Wait 3 seconds");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->plan.name, "long-job");
  EXPECT_EQ(fill_inputs(match->plan, match->inputs)["seconds"], 3);
}

}  // namespace
}  // namespace opsroom::runbook

#include "base/failure.hpp"
#include "runbook/expression_text.hpp"
#include "runbook/expressions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::runbook {
namespace {

using testing::HasSubstr;

const Json scope = Json::parse(R"({
  "inputs": {"version": "1.2", "count": 3, "ratio": 0.5, "flag": true, "none": null, "list": ["a", "b"],
             "empty_list": [], "empty": {}, "big": 18446744073709551615, "nested": {"k": [1, {"x": 2}]}},
  "steps": {"test": {"status": "succeeded", "output": {"exit_code": 0, "stdout": "ok\nfine\n"}},
            "step-2": {"status": "failed", "output": null}},
  "lane": {"name": "A", "branch": "opsroom/s/A", "directory": "/w/A"}, "run": {"id": 7},
  "session": {"name": "s"}})");

Json value_of(const std::string& source) {
  return resolve(Json{{"x", "${{ " + source + " }}"}}, scope)["x"];
}

std::string error_of(const std::string& text) {
  try {
    const Json value = resolve(Json{{"a", {"-", text}}}, scope);
    ADD_FAILURE() << text << " gave " << value;
  } catch (const Failure& failure) {
    return failure.message();
  }
  return {};
}

TEST(Expression, AWholeOneKeepsItsType) {
  EXPECT_EQ(value_of("inputs.version"), "1.2");
  EXPECT_EQ(value_of("inputs.count"), 3);
  EXPECT_TRUE(value_of("inputs.count").is_number_integer());
  EXPECT_EQ(value_of("inputs.ratio"), 0.5);
  EXPECT_EQ(value_of("inputs.flag"), true);
  EXPECT_EQ(value_of("inputs.none"), nullptr);
  EXPECT_EQ(value_of("null"), nullptr);
  EXPECT_EQ(value_of("inputs.list"), Json({"a", "b"}));
  EXPECT_EQ(value_of("inputs.nested"), scope["inputs"]["nested"]);
  EXPECT_EQ(value_of("inputs"), scope["inputs"]);
}

TEST(Expression, TellsEmptyArraysFromEmptyObjects) {
  EXPECT_EQ(value_of("inputs.empty_list"), Json::array());
  EXPECT_EQ(value_of("inputs.empty"), Json::object());
  EXPECT_EQ(value_of("{inputs.empty_list, inputs.empty}"), Json::parse("[[],{}]"));
}

TEST(Expression, ComputesWithOperatorsAndFunctions) {
  EXPECT_EQ(value_of("steps.test.output.exit_code == 0"), true);
  EXPECT_EQ(value_of("inputs.count + 1"), 4);
  EXPECT_EQ(value_of("7 // 2"), 3);
  EXPECT_EQ(value_of("inputs.flag and 'yes' or 'no'"), "yes");
  EXPECT_EQ(value_of("not inputs.flag"), false);
  EXPECT_EQ(value_of("inputs.none == null"), true);
  EXPECT_EQ(value_of("inputs.version ~= '1.3'"), true);
  EXPECT_EQ(value_of("#inputs.list"), 2);
  EXPECT_EQ(value_of("inputs.list[1]"), "a");
  EXPECT_EQ(value_of("inputs.nested.k[2].x"), 2);
  EXPECT_EQ(value_of("steps['step-2'].status"), "failed");
  EXPECT_EQ(value_of("'v' .. inputs.version:upper()"), "v1.2");
  EXPECT_EQ(value_of("table.concat(inputs.list, ',')"), "a,b");
  EXPECT_EQ(value_of("string.format('%03d', inputs.count)"), "003");
  EXPECT_EQ(value_of("math.max(1, inputs.count)"), 3);
  EXPECT_EQ(value_of("tonumber('0x10')"), 16);
  EXPECT_EQ(value_of("tostring(inputs.count) .. tostring(null)"), "3null");
  EXPECT_EQ(value_of("type(inputs.list) .. type(inputs.none) .. type(1)"), "tablenullnumber");
  EXPECT_EQ(value_of("has(inputs, 'version') and not has(inputs, 'nope')"), true);
  EXPECT_EQ(value_of("json(inputs.nested)"), R"({"k":[1,{"x":2}]})");
  EXPECT_EQ(value_of("inputs.nested.k == inputs.nested.k"), true);
}

TEST(Expression, WorksOnTexts) {
  EXPECT_EQ(value_of("string.split(string.trim(steps.test.output.stdout))"), Json({"ok", "fine"}));
  EXPECT_EQ(value_of("('a,b'):split(',')[2]"), "b");
  EXPECT_EQ(value_of("(string.find('a.b', '.'))"), 2);
  EXPECT_EQ(value_of("string.matches(inputs.version, '^\\\\d+\\\\.\\\\d+$')"), true);
  EXPECT_EQ(value_of("string.capture('v12-rc', 'v(\\\\d+)')"), "12");
  EXPECT_EQ(value_of("string.capture('x', 'y')"), nullptr);
  EXPECT_EQ(value_of("('ab'):rep(2, '-')"), "ab-ab");
  EXPECT_EQ(value_of("string.rep('', 1000000000000)"), "");
}

TEST(Expression, BuildsTables) {
  EXPECT_EQ(value_of("{a = 1, b = {inputs.count}}"), Json::parse(R"({"a":1,"b":[3]})"));
  EXPECT_EQ(value_of("{}"), Json::array());
  EXPECT_EQ(
      value_of("(function() local out = {} for _, x in ipairs(inputs.list) do table.insert(out, x "
               ".. '!') end return out end)()"),
      Json({"a!", "b!"})
  );
  EXPECT_EQ(
      value_of("(function() local n = 0 for k, v in pairs(inputs.nested) do n = n + #v end return "
               "n end)()"),
      2
  );
}

TEST(Expression, IsPutIntoText) {
  const Json with = {
      {"text",
       "v${{ inputs.version }} x${{ inputs.count }} ${{ inputs.flag }} ${{ inputs.none }} ${{ "
       "inputs.list }}."}
  };
  EXPECT_EQ(resolve(with, scope)["text"], "v1.2 x3 true null [\"a\",\"b\"].");
  EXPECT_EQ(resolve(Json{{"x", " ${{ inputs.count }}"}}, scope)["x"], " 3");
  EXPECT_EQ(resolve(Json{{"x", "${{inputs.count}}${{inputs.count}}"}}, scope)["x"], "33");
}

TEST(Expression, DataIsNeverTakenForCode) {
  const Json evil = {{"inputs", {{"x", "${{ 1 + 1 }} ]] .. os.exit() .. [["}}}};
  EXPECT_EQ(resolve(Json{{"a", "${{ inputs.x }}"}}, evil)["a"], evil["inputs"]["x"]);
  EXPECT_EQ(
      resolve(Json{{"a", "<${{ inputs.x }}>"}}, evil)["a"], "<${{ 1 + 1 }} ]] .. os.exit() .. [[>"
  );
}

TEST(Expression, OnlyStringsAreWalkedAndKeysAreLeftAlone) {
  const Json with = Json::parse(R"({"${{ no }}":[1,true,null,{"deep":"${{ inputs.count }}"}]})");
  EXPECT_EQ(resolve(with, scope), Json::parse(R"({"${{ no }}":[1,true,null,{"deep":3}]})"));
}

TEST(Expression, CanBeEscaped) {
  EXPECT_EQ(
      resolve(Json{{"x", "$${{ github.sha }} ${{ inputs.count }}"}}, scope)["x"],
      "${{ github.sha }} 3"
  );
  EXPECT_EQ(resolve(Json{{"x", "$${{ a }}"}}, scope)["x"], "${{ a }}");
  EXPECT_EQ(resolve(Json{{"x", "$5 {{ a }} }}"}}, scope)["x"], "$5 {{ a }} }}");
}

TEST(Expression, MayHoldBracesAndQuotesItself) {
  EXPECT_EQ(value_of("{{1},{2}}"), Json::parse("[[1],[2]]"));
  EXPECT_EQ(value_of("'}}' .. \"}}\" .. [[}}]]"), "}}}}}}");
  EXPECT_EQ(value_of("'it\\'s }}'"), "it's }}");
}

TEST(Expression, ErrorsNameTheFieldTheExpressionAndWhatExists) {
  EXPECT_EQ(
      error_of("${{ inputs.vrsion }}"),
      "/a/1: ${{ inputs.vrsion }}: unknown name inputs.vrsion; inputs has big, count, empty, "
      "empty_list, flag, list, "
      "nested, none and 2 more; did you mean inputs.version?"
  );
  EXPECT_THAT(
      error_of("x ${{ steps.tset.output }}"),
      HasSubstr("steps has step-2 and test; did you mean steps.test?")
  );
  EXPECT_THAT(error_of("${{ steps.step.status }}"), HasSubstr("steps[\"step-2\"]"));
  EXPECT_THAT(
      error_of("${{ steps.test.output.nope }}"),
      HasSubstr("unknown name steps.test.output.nope; steps.test.output has")
  );
  EXPECT_THAT(
      error_of("${{ foo }}"),
      HasSubstr("unknown name foo; there are inputs, lane, run, session and steps")
  );
  EXPECT_THAT(error_of("${{ inputs.none.x }}"), HasSubstr("null has no members"));
  EXPECT_THAT(error_of("${{ inputs.list.length }}"), HasSubstr("its length is #inputs.list"));
  EXPECT_THAT(error_of("${{ inputs.list[9] }}"), HasSubstr("nil"));
  EXPECT_THAT(error_of("${{ 1 + }}"), HasSubstr("unexpected symbol at its end"));
  EXPECT_THAT(error_of("${{ 1, 2 }}"), HasSubstr("gives 2 values"));
  EXPECT_THAT(error_of("${{ inputs.count"), HasSubstr("/a/1: ${{ is not closed by }}"));
}

TEST(Expression, ResultsThatJsonCannotSayAreRefused) {
  EXPECT_THAT(error_of("${{ type }}"), HasSubstr("holds a function"));
  EXPECT_THAT(error_of("${{ 0/0 }}"), HasSubstr("not a number"));
  EXPECT_THAT(error_of("${{ 1/0 }}"), HasSubstr("infinite"));
  EXPECT_THAT(error_of("${{ nil }}"), HasSubstr("nil"));
  EXPECT_THAT(error_of("${{ {1, a = 2} }}"), HasSubstr("mixes"));
  EXPECT_THAT(error_of("${{ {[5] = 1} }}"), HasSubstr("holes"));
  EXPECT_THAT(error_of("${{ {1, nil, 3} }}"), HasSubstr("holes"));
  EXPECT_THAT(error_of("${{ {[true] = 1} }}"), HasSubstr("table key"));
  EXPECT_THAT(error_of("${{ string.char(255) }}"), HasSubstr("not UTF-8"));
  EXPECT_THAT(
      error_of("${{ (function() local t = {} t.t = t return t end)() }}"),
      HasSubstr("contains itself")
  );
}

TEST(References, AreFoundWithoutRunning) {
  const auto found = references(
      "inputs.a .. steps[\"b-c\"].x .. 'inputs.no' .. t.inputs.no2 .. f(run) .. {inputs = 1}"
  );
  std::vector<std::string> names;
  for (const auto& [root, member] : found)
    names.push_back(root + "/" + member);
  EXPECT_EQ(names, (std::vector<std::string>{"inputs/a", "steps/b-c", "t/inputs", "f/", "run/"}));
}

}  // namespace
}  // namespace opsroom::runbook

#include "integration/sdk/mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

/// Each call of a round is a process of its own, as in a lane whose run waits for days.
class Ask : public testing::Test {
 protected:
  void SetUp() override { ::setenv("OPSROOM_STATE_KEY", "known to every process of the host", 1); }

  json round(const std::string& tool, const json& arguments, const json& more = json::object()) {
    McpProcess server(runner(plugin("ask")), directory_.path());
    json params{{"name", tool}, {"arguments", arguments}};
    params.update(more);
    const json message = server.modern(
        "tools/call",
        params,
        {{"io.modelcontextprotocol/clientCapabilities", {{"elicitation", json::object()}}}}
    );
    if (!message.contains("result")) throw std::runtime_error(message.dump());
    return message["result"];
  }

  /// The form that a person would see.
  json form_of(const std::string& tool, const json& arguments) {
    const json asked = round(tool, arguments);
    EXPECT_EQ(asked["resultType"], "input_required") << asked;
    return asked["inputRequests"]["answer"]["params"]["requestedSchema"];
  }

  json answered(const std::string& tool, const json& arguments, const json& answer) {
    const json asked = round(tool, arguments);
    EXPECT_EQ(asked["resultType"], "input_required") << asked;
    EXPECT_EQ(asked["inputRequests"]["answer"]["params"]["message"], arguments["message"]);
    return round(
        tool,
        arguments,
        {{"requestState", asked["requestState"]}, {"inputResponses", {{"answer", answer}}}}
    );
  }

  TempDir directory_;
};

json accept(const json& content) {
  return {{"action", "accept"}, {"content", content}};
}

const json fields{
    {"properties",
     {{"name", {{"type", "string"}, {"minLength", 2}, {"maxLength", 3}}},
      {"hours", {{"type", "integer"}, {"minimum", 1}, {"maximum", 8}, {"default", 2}}},
      {"share", {{"type", "number"}}},
      {"sure", {{"type", "boolean"}}},
      {"size", {{"type", "string"}, {"oneOf", {{{"const", "s"}, {"title", "Small"}}}}}},
      {"areas",
       {{"type", "array"}, {"maxItems", 1}, {"items", {{"type", "string"}, {"enum", {"web", "db"}}}}
       }}}},
    {"required", {"name"}}
};

json asking(const json& form) {
  return {{"message", "When?"}, {"form", form}};
}

}  // namespace

TEST_F(Ask, AnApprovalIsAYesWithItsReason) {
  const json ask{{"message", "Ship it?"}};
  EXPECT_EQ(form_of("approval", ask)["required"], json({"approved"}));
  const json yes =
      answered("approval", ask, accept({{"approved", true}, {"reason", "tests pass"}}));
  EXPECT_FALSE(yes.contains("isError")) << yes;
  EXPECT_EQ(
      yes["structuredContent"],
      json({{"approved", true}, {"outcome", "approved"}, {"reason", "tests pass"}})
  );
  EXPECT_EQ(text_of(yes), "approved (tests pass)");
}

TEST_F(Ask, ANoFailsTheCallUnlessItIsOnlyAsked) {
  const json no = answered("approval", {{"message", "Ship it?"}}, accept({{"approved", false}}));
  EXPECT_EQ(no["isError"], true);
  EXPECT_EQ(no["structuredContent"]["outcome"], "refused");
  EXPECT_EQ(no["structuredContent"]["reason"], nullptr);
  const json asked = answered(
      "approval", {{"message", "Ship it?"}, {"check", false}}, accept({{"approved", false}})
  );
  EXPECT_FALSE(asked.contains("isError"));
  EXPECT_EQ(asked["structuredContent"]["approved"], false);
}

TEST_F(Ask, DecliningAndCancellingAreOutcomesOfTheirOwn) {
  for (const auto& [action, outcome] :
       {std::pair{"decline", "declined"}, {"cancel", "cancelled"}}) {
    const json said{{"action", action}};
    const json approval = answered("approval", {{"message", "?"}}, said);
    EXPECT_EQ(approval["isError"], true);
    EXPECT_EQ(approval["structuredContent"]["outcome"], outcome);
    const json choice =
        answered("choice", {{"message", "?"}, {"choices", {"a"}}, {"check", false}}, said);
    EXPECT_FALSE(choice.contains("isError"));
    EXPECT_EQ(choice["structuredContent"], json({{"choice", nullptr}, {"outcome", outcome}}));
    const json question = answered("question", asking(fields), said);
    EXPECT_EQ(
        question["structuredContent"],
        json({{"answered", false}, {"outcome", outcome}, {"content", json::object()}})
    );
  }
}

TEST_F(Ask, AChoiceIsOneOfTheList) {
  const json plain{{"message", "Where?"}, {"choices", {"eu", "us"}}, {"default", "us"}};
  EXPECT_EQ(
      form_of("choice", plain)["properties"]["choice"],
      json({{"type", "string"}, {"title", "Choice"}, {"enum", {"eu", "us"}}, {"default", "us"}})
  );
  const json chosen = answered("choice", plain, accept({{"choice", "eu"}}));
  EXPECT_EQ(chosen["structuredContent"], json({{"choice", "eu"}, {"outcome", "chosen"}}));
  const json wrong = answered("choice", plain, accept({{"choice", "mars"}}));
  EXPECT_EQ(text_of(wrong), "the answer does not fit the form: choice must be one of eu, us");

  json titled = plain;
  titled["titles"] = {{"eu", "Frankfurt"}};
  EXPECT_EQ(
      form_of("choice", titled)["properties"]["choice"]["oneOf"],
      json({{{"const", "eu"}, {"title", "Frankfurt"}}, {{"const", "us"}, {"title", "us"}}})
  );
}

TEST_F(Ask, AChoiceThatMakesNoSenseIsNotAsked) {
  const auto complaint = [&](const json& arguments) { return text_of(round("choice", arguments)); };
  EXPECT_THAT(
      complaint({{"message", "?"}, {"choices", {"a", "a"}}}), HasSubstr("stands there twice")
  );
  EXPECT_THAT(
      complaint({{"message", "?"}, {"choices", {"a"}}, {"default", "b"}}),
      HasSubstr("/default: 'b' is none of /choices")
  );
  EXPECT_THAT(
      complaint({{"message", "?"}, {"choices", {"a"}}, {"titles", {{"b", "B"}}}}),
      HasSubstr("/titles: 'b' is none of /choices")
  );
}

TEST_F(Ask, AFilledFormComesBackWithItsDefaults) {
  const json filled =
      accept({{"name", "Ada"}, {"share", 0.5}, {"sure", false}, {"size", "s"}, {"areas", {"db"}}});
  const json result = answered("question", asking(fields), filled);
  ASSERT_FALSE(result.contains("isError")) << result;
  json expected = filled["content"];
  expected["hours"] = 2;
  EXPECT_EQ(result["structuredContent"]["content"], expected);
  EXPECT_EQ(result["structuredContent"]["answered"], true);
}

TEST_F(Ask, AnAnswerThatDoesNotFitNamesEveryField) {
  const json wrong = accept(
      {{"name", "\u00e4"},
       {"hours", 9},
       {"share", "x"},
       {"sure", 1},
       {"size", "m"},
       {"areas", {"web", "db"}},
       {"more", 1}}
  );
  const json result = answered("question", asking(fields), wrong);
  EXPECT_EQ(result["isError"], true);
  for (const char* problem :
       {"name is too short",
        "hours must be at most 8",
        "share must be a number",
        "sure must be true or false",
        "size must be one of s",
        "areas has too many entries",
        "more was not asked for"})
    EXPECT_THAT(text_of(result), HasSubstr(problem));
  EXPECT_THAT(
      text_of(answered("question", asking(fields), accept(json::object()))),
      HasSubstr("name is missing")
  );
}

TEST_F(Ask, AFormThatNobodyCanShowIsNamedByItsPointer) {
  const auto complaint = [&](const json& form) { return text_of(round("question", asking(form))); };
  const auto field = [](const json& schema) { return json{{"properties", {{"a", schema}}}}; };
  EXPECT_THAT(complaint({{"properties", json::object()}}), HasSubstr("/form/properties: must be"));
  EXPECT_THAT(
      complaint(field({{"type", "object"}})), HasSubstr("/form/properties/a/type: must be")
  );
  EXPECT_THAT(
      complaint(field({{"title", "A"}})), HasSubstr("/form/properties/a: must say its type")
  );
  EXPECT_THAT(
      complaint(field({{"type", "string"}, {"pattern", "x"}})),
      HasSubstr("/form/properties/a/pattern: is nothing that a form can show")
  );
  EXPECT_THAT(
      complaint(field({{"type", "array"}, {"items", {{"type", "object"}}}})),
      HasSubstr("/form/properties/a/items")
  );
  EXPECT_THAT(
      complaint(field({{"type", "boolean"}, {"default", "yes"}})),
      HasSubstr("/form/properties/a/default: must be true or false")
  );
  EXPECT_THAT(
      complaint({{"properties", {{"a", {{"type", "string"}}}}}, {"required", {"b"}}}),
      HasSubstr("/form/required/0")
  );
  const auto complains = [&](const json& schema, const std::string& where) {
    EXPECT_THAT(complaint(field(schema)), HasSubstr("/form/properties/a/" + where)) << schema;
  };
  complains({{"type", "integer"}, {"minimum", 5}, {"maximum", 1}}, "minimum: must not be above");
  complains({{"type", "string"}, {"minLength", 3}, {"maxLength", 2}}, "minLength: must not");
  complains({{"type", "string"}, {"minLength", -1}}, "minLength: must be a whole number");
  complains({{"type", "string"}, {"maxLength", 1.5}}, "maxLength: must be a whole number");
  complains({{"type", "string"}, {"enum", {"x", "x"}}}, "enum/1: stands there twice");
  EXPECT_THAT(
      complaint({{"properties", {{"", {{"type", "string"}}}}}}), HasSubstr("must have a name")
  );
}

TEST_F(Ask, ItIsSaidToBeSafeToRepeat) {
  McpProcess server(runner(plugin("ask")), directory_.path());
  server.open_legacy();
  const json listed = server.legacy("tools/list")["result"]["tools"];
  ASSERT_EQ(listed.size(), 3U);
  for (const json& each : listed) {
    EXPECT_EQ(each["annotations"]["readOnlyHint"], true);
    EXPECT_EQ(each["annotations"]["idempotentHint"], true);
  }
}

}  // namespace opsroom::test

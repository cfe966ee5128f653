#include "model/input_reply.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

InputAsk form(Json properties, Json required = Json::array()) {
  InputAsk ask{"q", "elicitation/create", Json::object()};
  ask.params = {
      {"message", "Who are you?"},
      {"requestedSchema",
       {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}
       }},
  };
  return ask;
}

InputAsk visit() {
  return {"q", "elicitation/create", {{"mode", "url"}, {"url", "https://example.com/auth"}}};
}

Json accepted(const InputAsk& ask, Json content) {
  return checked_reply(ask, {InputAction::accept, std::move(content)}).content;
}

/// "pointer rule" of every problem, or "fits".
std::string problems_of(const InputAsk& ask, Json content) {
  try {
    accepted(ask, std::move(content));
    return "fits";
  } catch (const UnfitReply& unfit) {
    EXPECT_EQ(unfit.code(), Code::invalid);
    std::string all;
    for (const ReplyProblem& problem : unfit.problems())
      all += (all.empty() ? "" : ", ") + problem.pointer + ' ' + problem.rule;
    return all;
  }
}

TEST(CheckedReply, AFormThatFitsIsTakenAsItIs) {
  const InputAsk ask = form(
      {{"name", {{"type", "string"}, {"minLength", 2}}},
       {"age", {{"type", "integer"}, {"minimum", 0}, {"maximum", 120}}},
       {"share", {{"type", "number"}}},
       {"sure", {{"type", "boolean"}}}},
      {"name"}
  );
  const Json content = {{"name", "Ada"}, {"age", 36}, {"share", 0.5}, {"sure", true}};
  EXPECT_EQ(accepted(ask, content), content);
  EXPECT_EQ(accepted(ask, {{"name", "Ada"}}), (Json{{"name", "Ada"}}));
}

TEST(CheckedReply, EveryWrongFieldIsNamedWithItsRule) {
  const InputAsk ask = form(
      {{"name", {{"type", "string"}, {"minLength", 2}, {"maxLength", 4}}},
       {"age", {{"type", "integer"}, {"minimum", 0}, {"maximum", 120}}},
       {"sure", {{"type", "boolean"}}}},
      {"name", "age"}
  );
  EXPECT_EQ(problems_of(ask, {{"age", 3}}), "/name required");
  EXPECT_EQ(problems_of(ask, {{"name", "A"}, {"age", 121}}), "/age maximum, /name minLength");
  EXPECT_EQ(problems_of(ask, {{"name", "Adele"}, {"age", -1}}), "/age minimum, /name maxLength");
  EXPECT_EQ(problems_of(ask, {{"name", 5}, {"age", 1.5}}), "/age type, /name type");
  EXPECT_EQ(problems_of(ask, {{"name", "Ada"}, {"age", 3}, {"sure", "yes"}}), "/sure type");
  EXPECT_EQ(problems_of(ask, {{"name", "Ada"}, {"age", nullptr}}), "/age type");
  EXPECT_EQ(problems_of(ask, Json::array()), " type");
  EXPECT_EQ(problems_of(ask, "Ada"), " type");
}

TEST(CheckedReply, TheMessageSaysPointerValueAndRule) {
  const InputAsk ask = form({{"a/b", {{"type", "integer"}, {"maximum", 3}}}});
  try {
    accepted(ask, {{"a/b", 4}});
    FAIL() << "taken";
  } catch (const UnfitReply& unfit) {
    EXPECT_EQ(
        unfit.message(),
        "the answer does not fit what is asked: /a~1b: must be at most 3, got 4 (maximum)"
    );
  }
}

TEST(CheckedReply, AFieldThatWasNotAskedForIsRefusedWithTheNearest) {
  const InputAsk ask = form({{"username", {{"type", "string"}}}});
  try {
    accepted(ask, {{"usrname", "ada"}});
    FAIL() << "taken";
  } catch (const UnfitReply& unfit) {
    EXPECT_EQ(unfit.problems().at(0).pointer, "/usrname");
    EXPECT_NE(unfit.message().find("did you mean \"username\"?"), std::string::npos);
  }
}

TEST(CheckedReply, DefaultsOfEveryKindFillWhatIsMissing) {
  const InputAsk ask = form(
      {{"text", {{"type", "string"}, {"default", "John"}}},
       {"whole", {{"type", "integer"}, {"default", 42}}},
       {"real", {{"type", "number"}, {"default", 95.5}}},
       {"one", {{"type", "string"}, {"enum", {"a", "b"}}, {"default", "a"}}},
       {"many",
        {{"type", "array"},
         {"items", {{"type", "string"}, {"enum", {"x", "y"}}}},
         {"default", {"x"}}}},
       {"flag", {{"type", "boolean"}, {"default", false}}}},
      {"text"}
  );
  EXPECT_EQ(
      accepted(ask, Json::object()),
      (Json{
          {"text", "John"},
          {"whole", 42},
          {"real", 95.5},
          {"one", "a"},
          {"many", {"x"}},
          {"flag", false}
      })
  );
  EXPECT_EQ(accepted(ask, nullptr).at("whole"), 42) << "no content is an empty one";
  EXPECT_EQ(accepted(ask, {{"whole", 1}}).at("whole"), 1) << "what is given beats the default";
}

TEST(CheckedReply, ADefaultThatDoesNotFitIsNoWayRoundTheRule) {
  const InputAsk ask = form({{"n", {{"type", "integer"}, {"maximum", 3}, {"default", 9}}}});
  EXPECT_EQ(problems_of(ask, Json::object()), "/n maximum");
  EXPECT_EQ(problems_of(ask, {{"n", 2}}), "fits");
  const InputAsk none = form({{"s", {{"type", "string"}, {"default", nullptr}}}});
  EXPECT_EQ(accepted(none, Json::object()), Json::object()) << "null says that there is none";
}

TEST(CheckedReply, EnumsOfAllRevisionsAreKept) {
  const Json titled = {{{"const", "a"}, {"title", "Alpha"}}, {{"const", "b"}, {"title", "Beta"}}};
  for (const Json& schema :
       {Json{{"type", "string"}, {"enum", {"a", "b"}}},
        Json{{"type", "string"}, {"enum", {"a", "b"}}, {"enumNames", {"Alpha", "Beta"}}},
        Json{{"type", "string"}, {"oneOf", titled}}}) {
    const InputAsk ask = form({{"pick", schema}});
    EXPECT_EQ(problems_of(ask, {{"pick", "b"}}), "fits") << schema;
    EXPECT_EQ(problems_of(ask, {{"pick", "Alpha"}}), "/pick enum") << schema;
  }
  for (const Json& items :
       {Json{{"type", "string"}, {"enum", {"a", "b"}}}, Json{{"anyOf", titled}}}) {
    const InputAsk ask =
        form({{"pick", {{"type", "array"}, {"minItems", 1}, {"maxItems", 2}, {"items", items}}}});
    EXPECT_EQ(problems_of(ask, {{"pick", {"a", "b"}}}), "fits") << items;
    EXPECT_EQ(problems_of(ask, {{"pick", {"c"}}}), "/pick/0 enum") << items;
    EXPECT_EQ(problems_of(ask, {{"pick", Json::array()}}), "/pick minItems") << items;
    EXPECT_EQ(problems_of(ask, {{"pick", {"a", "a"}}}), "/pick uniqueItems") << items;
    EXPECT_EQ(problems_of(ask, {{"pick", "a"}}), "/pick type") << items;
  }
}

TEST(CheckedReply, FormatsAreCheckedAndUnknownOnesAreNotes) {
  const auto with = [](const char* format) {
    return form({{"x", {{"type", "string"}, {"format", format}}}});
  };
  EXPECT_EQ(problems_of(with("email"), {{"x", "ada@example.com"}}), "fits");
  EXPECT_EQ(problems_of(with("email"), {{"x", "ada"}}), "/x format");
  EXPECT_EQ(problems_of(with("uri"), {{"x", "not a uri"}}), "/x format");
  EXPECT_EQ(problems_of(with("date"), {{"x", "2026-02-30"}}), "/x format");
  EXPECT_EQ(problems_of(with("date-time"), {{"x", "2026-01-02T03:04:05Z"}}), "fits");
  EXPECT_EQ(problems_of(with("phone-number"), {{"x", "anything"}}), "fits");
}

TEST(CheckedReply, AVisitADeclineAndACancelHaveNoContent) {
  EXPECT_TRUE(accepted(visit(), nullptr).is_null());
  EXPECT_TRUE(accepted(visit(), Json::object()).is_null());
  EXPECT_EQ(problems_of(visit(), {{"a", 1}}), " ");
  const InputAsk ask = form({{"name", {{"type", "string"}}}}, {"name"});
  for (const auto action : {InputAction::decline, InputAction::cancel}) {
    const InputReply reply = checked_reply(ask, {action, Json::object()});
    EXPECT_EQ(reply.action, action);
    EXPECT_TRUE(reply.content.is_null());
    EXPECT_THROW(checked_reply(ask, {action, {{"name", "Ada"}}}), UnfitReply);
  }
}

TEST(CheckedReply, AQuestionThatMakesNoSenseCanBeDeclinedButNotAccepted) {
  for (const Json& schema :
       {Json("none"),
        Json{{"properties", 5}},
        Json{{"properties", {{"a", "text"}}}},
        Json{{"properties", {{"a", {{"type", "string"}, {"minLength", "x"}}}}}}}) {
    InputAsk ask = form(Json::object());
    ask.params["requestedSchema"] = schema;
    try {
      accepted(ask, Json::object());
      ADD_FAILURE() << schema;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::invalid);
      EXPECT_NE(failure.message().find("the question itself is wrong"), std::string::npos);
    }
    EXPECT_EQ(checked_reply(ask, {InputAction::decline, {}}).action, InputAction::decline);
  }
}

TEST(CheckedReply, AFormOfAnyDialectAndWithoutFieldsIsTaken) {
  InputAsk ask = form({{"a", {{"type", "string"}}}});
  ask.params["requestedSchema"]["$schema"] = "https://json-schema.org/draft/2019-09/schema";
  EXPECT_EQ(problems_of(ask, {{"a", "x"}}), "fits");
  ask.params.erase("requestedSchema");
  EXPECT_EQ(accepted(ask, nullptr), Json::object());
}

}  // namespace
}  // namespace opsroom

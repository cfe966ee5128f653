#include "base/failure.hpp"
#include "cli/answer_dialog.hpp"
#include "cli/answer_words.hpp"
#include "cli/question_text.hpp"
#include "cli/terminal.hpp"
#include "model/input_reply.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace opsroom::cli {
namespace {

InputRequest form(Json properties, Json required = Json::array()) {
  InputRequest input;
  input.id = InputId{5};
  input.run = RunId{12};
  input.step = "register";
  input.tool = "forms.register";
  input.ask = {"q", "elicitation/create", Json::object()};
  input.ask.params = {
      {"message", "Who are you?"},
      {"requestedSchema", {{"properties", std::move(properties)}, {"required", std::move(required)}}
      },
  };
  return input;
}

InputRequest person() {
  return form(
      {{"name", {{"type", "string"}, {"description", "Your name"}}},
       {"age", {{"type", "integer"}, {"minimum", 0}, {"maximum", 120}, {"default", 18}}},
       {"colour",
        {{"type", "string"}, {"oneOf", {{{"const", "r"}, {"title", "Red"}}, {{"const", "b"}}}}}},
       {"tags", {{"type", "array"}, {"items", {{"enum", {"x", "y"}}}}}},
       {"sure", {{"type", "boolean"}}}},
      {"name"}
  );
}

InputRequest visit(std::string url) {
  InputRequest input = form(Json::object());
  input.ask.params = {{"mode", "url"}, {"message", "Sign in"}, {"url", std::move(url)}};
  return input;
}

Json parsed(const InputRequest& input, std::vector<std::string> words) {
  return parse_answer(input.ask, read_answer_words(words));
}

std::string problem(const InputRequest& input, std::vector<std::string> words) {
  try {
    parsed(input, std::move(words));
    return "none";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::invalid);
    return failure.message();
  }
}

TEST(AnswerWords, FieldsAreTypedByTheSchema) {
  EXPECT_EQ(
      parsed(person(), {"name=Ada", "age=36", "colour=Red", "tags=x, y", "sure=yes"}),
      (Json{{"name", "Ada"}, {"age", 36}, {"colour", "r"}, {"tags", {"x", "y"}}, {"sure", true}})
  );
  EXPECT_EQ(parsed(person(), {"name=a=b"}), (Json{{"name", "a=b"}}));
  EXPECT_EQ(parsed(person(), {"name=36"}), (Json{{"name", "36"}})) << "a text stays one";
  EXPECT_EQ(parsed(person(), {"name="}), (Json{{"name", ""}}));
  EXPECT_EQ(parsed(person(), {"tags="}), (Json{{"tags", Json::array()}}));
  EXPECT_EQ(parsed(person(), {R"(tags=["y"])"}), (Json{{"tags", {"y"}}}));
  EXPECT_EQ(parsed(person(), {"nmae=Ada"}), (Json{{"nmae", "Ada"}})) << "the check names it";
}

TEST(AnswerWords, OneJsonObjectIsTheWholeAnswer) {
  EXPECT_EQ(parsed(person(), {R"({"name": "Ada"})"}), (Json{{"name", "Ada"}}));
  EXPECT_THROW(read_answer_words({R"({"name": )"}), Failure);
  EXPECT_THROW(read_answer_words({R"({"name": "Ada"})", "age=3"}), Failure);
}

TEST(AnswerWords, WhatDoesNotFitNamesTheFieldAndWhatItTakes) {
  EXPECT_EQ(problem(person(), {"age=old"}), "\"age\": 'old' is not a whole number");
  EXPECT_EQ(problem(person(), {"age=1.5"}), "\"age\": '1.5' is not a whole number");
  EXPECT_EQ(problem(person(), {"sure=maybe"}), "\"sure\": 'maybe' is not true or false");
  EXPECT_EQ(problem(person(), {"colour=green"}), "\"colour\": 'green' is not one of r (Red) and b");
  EXPECT_EQ(problem(person(), {"tags=x,z"}), "\"tags\": 'z' is not one of x and y");
  EXPECT_EQ(problem(person(), {"name=a", "name=b"}), "\"name\" is given twice");
}

TEST(AnswerWords, DecisionsStandAlone) {
  EXPECT_EQ(read_answer_words({"retry"}).decision, "retry");
  EXPECT_TRUE(read_answer_words({}).empty());
  EXPECT_THROW(read_answer_words({"retry", "skip"}), Failure);
  EXPECT_THROW(read_answer_words({"retry", "name=Ada"}), Failure);
  EXPECT_THROW(read_answer_words({"maybe"}), Failure);
  EXPECT_THROW(read_answer_words({"=x"}), Failure);
}

TEST(QuestionText, ShowsWhoAsksWhatAndHowToAnswer) {
  const std::string text = question_text(person(), false);
  EXPECT_NE(
      text.find("server 'forms' asks (tool forms.register, step register)"), std::string::npos
  );
  EXPECT_NE(text.find("Who are you?"), std::string::npos);
  EXPECT_NE(text.find("name    text, required"), std::string::npos) << text;
  EXPECT_NE(text.find("age     whole number, 0 to 120, default 18"), std::string::npos) << text;
  EXPECT_NE(text.find("one of r (Red) and b"), std::string::npos) << text;
  EXPECT_NE(text.find("Give no passwords"), std::string::npos);
  EXPECT_NE(ways_to_answer(person(), false).find("opsroom answer 12 name=…\n"), std::string::npos);
  EXPECT_NE(
      ways_to_answer(person(), true).find("opsroom answer 12 --input 5 name=…"), std::string::npos
  );
}

TEST(QuestionText, ShowsAnAddressWholeWithItsTrueHost) {
  const std::string url =
      "https://bank.example@evil.example:8443/bank.example?" + std::string(300, 'x');
  const std::string text = question_text(visit(url), false);
  EXPECT_NE(text.find(url), std::string::npos) << "never shortened";
  EXPECT_NE(text.find("Leads to: evil.example:8443"), std::string::npos) << text;
  EXPECT_NE(ways_to_answer(visit(url), false).find("--accept"), std::string::npos);
  EXPECT_EQ(host_of_url("https://a.example\\@b.example/"), "a.example") << "as browsers read it";
  EXPECT_EQ(host_of_url("HTTPS://a.example"), "a.example");
  for (const char* other : {"javascript:alert(1)", "file:///etc/passwd", "a.example", ""}) {
    EXPECT_EQ(host_of_url(other), "") << other;
    EXPECT_NE(question_text(visit(other), false).find("do not open it"), std::string::npos);
  }
}

TEST(QuestionText, NothingOfAServerReachesTheTerminalAsACommand) {
  InputRequest input =
      form({{"na\x1b[2Jme", {{"type", "string"}, {"description", "\x1b]0;x\a"}}}}, {"na\x1b[2Jme"});
  input.ask.params["message"] =
      "\x1b[31mred\nsecond \xE2\x80\xAE"
      "line";
  input.tool = "a\x1b.b";
  for (const std::string& text :
       {question_text(input, false), ways_to_answer(input, false), question_line(input)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find('\a'), std::string::npos) << text;
    EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos) << text;
  }
  EXPECT_EQ(
      safe_for_terminal("a\xE2\x80\xAE"
                        "b … ä"),
      "a\\u202eb … ä"
  );
}

TEST(AnswerDialog, AsksFieldByFieldAndAgainWhereItDoesNotFit) {
  std::istringstream in("Ada\nold\n130\nRed\nx\n36\n\n");
  std::ostringstream out;
  const auto reply = ask_person(
      form(
          {{"age", {{"type", "integer"}, {"maximum", 120}}},
           {"name", {{"type", "string"}}},
           {"tone", {{"enum", {"r"}}, {"enumNames", {"Red"}}}},
           {"why", {{"type", "string"}}}},
          {"name"}
      ),
      in,
      out
  );
  ASSERT_TRUE(reply) << out.str();
  EXPECT_EQ(reply->action, InputAction::accept);
  EXPECT_EQ(reply->content, (Json{{"name", "Ada"}, {"age", 36}, {"tone", "r"}, {"why", "x"}}))
      << out.str();
}

TEST(AnswerDialog, EndOfInputLeavesItUnanswered) {
  for (const char* typed : {"", "Ada", "Ada\n\n\n\n\n"}) {
    std::istringstream in(typed);
    std::ostringstream out;
    EXPECT_FALSE(ask_person(person(), in, out)) << out.str();
  }
  std::istringstream none;
  std::ostringstream out;
  EXPECT_FALSE(ask_decision(none, out));
  EXPECT_FALSE(ask_person(visit("https://a.example"), none, out));
}

TEST(AnswerDialog, ItCanBeDeclinedAtTheEndAndAVisitConfirmed) {
  std::ostringstream out;
  std::istringstream declining("Ada\n\n\n\n\nd\n");
  const auto declined = ask_person(person(), declining, out);
  ASSERT_TRUE(declined) << out.str();
  EXPECT_EQ(declined->action, InputAction::decline);
  std::istringstream visiting("what\ndone\n");
  const auto visited = ask_person(visit("https://a.example"), visiting, out);
  ASSERT_TRUE(visited);
  EXPECT_EQ(visited->action, InputAction::accept);
  std::istringstream deciding("perhaps\nskip\n");
  EXPECT_EQ(ask_decision(deciding, out), "skip");
}

}  // namespace
}  // namespace opsroom::cli

#include "model/secret_fields.hpp"

#include "model/to_json.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

TEST(SecretFields, AreKnownByNameTitleOrSchema) {
  const Json none = Json::object();
  for (const char* name :
       {"password",
        "dbPassword",
        "API_KEY",
        "api-key",
        "githubToken",
        "client secret",
        "PIN",
        "userPin",
        "otp",
        "login_pass",
        "privateKey",
        "aws_access_key"})
    EXPECT_TRUE(asks_for_a_secret(name, none)) << name;
  for (const char* name :
       {"name", "spinning", "shopping", "passenger", "compass", "key", "option", "adopt"})
    EXPECT_FALSE(asks_for_a_secret(name, none)) << name;
  EXPECT_TRUE(asks_for_a_secret("x", Json{{"title", "Your password"}}));
  EXPECT_TRUE(asks_for_a_secret("x", Json{{"format", "password"}}));
  EXPECT_TRUE(asks_for_a_secret("x", Json{{"writeOnly", true}}));
  EXPECT_FALSE(asks_for_a_secret("x", Json{{"writeOnly", "no"}, {"title", 5}}));
}

TEST(SecretFields, OfAnAnswerAreNotShownAgain) {
  InputRequest input;
  input.ask.params = Json{
      {"requestedSchema",
       {{"properties", {{"user", {{"type", "string"}}}, {"x", {{"title", "Token"}}}}}}}
  };
  input.reply =
      InputReply{InputAction::accept, Json{{"user", "ada"}, {"x", "s3cret"}, {"pin", 1234}}};
  EXPECT_EQ(
      to_json(input).at("content"),
      (Json{{"user", "ada"}, {"x", "[redacted]"}, {"pin", "[redacted]"}})
  );
  EXPECT_EQ(to_json_with_secrets(input).at("content"), input.reply->content);
}

TEST(SecretFields, OfAnswersWithoutAFormAreNothing) {
  EXPECT_EQ(shown_content({}, nullptr), Json());
  InputAsk odd;
  odd.params = Json{{"requestedSchema", "none"}};
  EXPECT_EQ(shown_content(odd, Json{{"token", "x"}}), (Json{{"token", "[redacted]"}}));
}

}  // namespace
}  // namespace opsroom

#include "base/failure.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace opsroom::schema {
namespace {

TEST(Bounds, AReferenceThatGoesRoundEndsAsAProblem) {
  const Validator validator(Json::parse(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#"}}})"));
  const auto problems = validator.validate(1);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("could not be checked"), std::string::npos);
}

TEST(Bounds, GivingUpIsNeverTurnedIntoAPassByNot) {
  const Validator validator(
      Json::parse(R"({"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"$ref":"#/$defs/a"}}})")
  );
  EXPECT_FALSE(validator.validate(1).empty());
}

TEST(Bounds, ExponentialSchemasRunOutOfWork) {
  Json defs;
  for (int i = 0; i < 40; ++i) {
    const Json next = {{"$ref", "#/$defs/d" + std::to_string(i + 1)}};
    defs["d" + std::to_string(i)] = {{"allOf", Json::array({next, next})}};
  }
  defs["d40"] = true;
  Options options;
  options.max_work = 100'000;
  const Validator validator({{"$ref", "#/$defs/d0"}, {"$defs", defs}}, options);
  const auto problems = validator.validate(1);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("100000 steps"), std::string::npos);
}

TEST(Bounds, ACatastrophicPatternIsAProblem) {
  const Validator validator(Json{{"pattern", "^(a|a)*$"}});
  const auto problems = validator.validate(std::string(200, 'a') + "b");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("could not be checked"), std::string::npos);
}

TEST(Bounds, ManyHugePatternsAreRefusedTogether) {
  Json properties;
  for (int i = 0; i < 2000; ++i)
    properties["p" + std::to_string(i)] = {
        {"pattern", fmt::format("^([a-z]{{0,999}}){{0,9}}{}$", i)}
    };
  const auto problems = Validator::check_schema({{"properties", properties}});
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].message, "the patterns up to here need more than 1000000 instructions");
}

TEST(Bounds, AHugePatternIsNotShownWhole) {
  const auto problems = Validator::check_schema({{"pattern", std::string(5000, '(')}});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_LT(problems[0].message.size(), 400U);
}

TEST(Bounds, DeepValuesUnderARecursiveSchemaStayWithinTheStack) {
  Json value = 1;
  for (int i = 0; i < 100; ++i)
    value = Json::array({value});
  const Validator validator(
      Json::parse(R"({"anyOf":[{"type":"integer"},{"items":{"$ref":"#"},"type":"array"}]})")
  );
  EXPECT_TRUE(validator.validate(value).empty());
}

TEST(Bounds, WholeNumbersBeyondTheSignedRangeKeepTheirSize) {
  const auto fits = [](const char* schema, const char* value) {
    return Validator(Json::parse(schema)).validate(Json::parse(value)).empty();
  };
  constexpr const char* largest = "18446744073709551615";
  EXPECT_TRUE(fits(R"({"minimum":0})", largest));
  EXPECT_TRUE(fits(R"({"exclusiveMinimum":-1})", largest));
  EXPECT_FALSE(fits(R"({"maximum":-1})", largest));
  EXPECT_FALSE(fits(R"({"exclusiveMaximum":0})", largest));
  EXPECT_TRUE(fits(R"({"maximum":18446744073709551615})", largest));
  EXPECT_TRUE(fits(R"({"maximum":18446744073709551615})", "-1"));
  EXPECT_FALSE(fits(R"({"minimum":18446744073709551615})", "-1"));
  EXPECT_FALSE(fits(R"({"const":-1})", largest));
  EXPECT_FALSE(fits(R"({"enum":[-1]})", largest));
  EXPECT_TRUE(fits(R"({"const":18446744073709551615})", largest));
}

TEST(Bounds, OnlySoManyProblemsAreKept) {
  Json value = Json::array();
  for (int i = 0; i < 1000; ++i)
    value.push_back(i);
  const Validator validator(Json::parse(R"({"items":{"type":"string"}})"));
  EXPECT_EQ(validator.validate(value).size(), Options().max_problems);
}

TEST(Bounds, NothingIsFetched) {
  for (const char* reference :
       {"https://example.test/x.json", "other.json#/a", "file:///etc/passwd"}) {
    try {
      Validator validator(Json{{"properties", {{"a", {{"$ref", reference}}}}}});
      FAIL() << reference;
    } catch (const Failure& failure) {
      EXPECT_NE(failure.message().find(reference), std::string::npos) << failure.message();
      EXPECT_NE(failure.message().find("/properties/a/$ref"), std::string::npos);
      EXPECT_NE(failure.message().find("nothing is fetched"), std::string::npos);
    }
  }
}

TEST(Bounds, AValidatorCanBeCopiedAndOutlivesItsSource) {
  Validator copy(true);
  {
    Validator original(Json{{"type", "integer"}});
    copy = original;
  }
  EXPECT_TRUE(copy.validate(1).empty());
  EXPECT_FALSE(copy.validate("x").empty());
}

}  // namespace
}  // namespace opsroom::schema

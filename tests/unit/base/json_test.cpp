#include "base/json.hpp"

#include "base/failure.hpp"

#include <gmock/gmock.h>

namespace opsroom {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Failure failure_of(const std::string& text) {
  try {
    parse_json(text, "tools.json");
  } catch (const Failure& failure) {
    return failure;
  }
  ADD_FAILURE() << "it was parsed";
  return Failure(Code::internal, "it was parsed");
}

TEST(ParseJson, NamesThePlaceOfAnError) {
  const Failure failure = failure_of("{\n  \"a\": 1,\n  oops\n}");
  EXPECT_EQ(failure.code(), Code::invalid);
  EXPECT_EQ(failure.message(), "tools.json: not JSON at line 3, column 3");
}

TEST(ParseJson, RefusesNumbersThatNoDoubleHolds) {
  for (const std::string& number :
       {std::string("1e400"), std::string("-1e400"), "1" + std::string(400, '0')}) {
    const Failure failure = failure_of(R"({"a":)" + number + "}");
    EXPECT_EQ(failure.code(), Code::invalid);
    EXPECT_EQ(failure.message(), "tools.json: a number is too large");
  }
  EXPECT_TRUE(parse_json("1e-400", "x").is_number());
  EXPECT_TRUE(parse_json("123456789012345678901234567890", "x").is_number_float());
}

TEST(ParseJson, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(parse_json(nested(128), "x").is_array());
  EXPECT_THAT(failure_of(nested(129)).message(), StartsWith("tools.json: nested deeper than 128"));
  EXPECT_TRUE(parse_json("\"" + std::string(500, '[') + "\\\"[\"", "x").is_string());
}

TEST(ParseJson, ReadersNameTheFieldThatIsWrong) {
  const Json object{{"name", 7}};
  EXPECT_EQ(integer_or(object, "name", 0, "/a"), 7);
  EXPECT_EQ(integer_or(object, "other", 3, "/a"), 3);
  try {
    string_at(object, "name", "/a");
    ADD_FAILURE() << "it is no string";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.message(), HasSubstr("/a/name: expected a string, got integer"));
  }
}

TEST(DumpJson, ReplacesBadUtf8) {
  EXPECT_EQ(dump(Json("\xff")), "\"\xEF\xBF\xBD\"");
}

TEST(Json, DumpsWhatTheLibraryDumps) {
  const auto expected = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text = "abcdefghijklmnopqrst";
      text[place] = static_cast<char>(byte);
      ASSERT_EQ(dump(Json(text)), expected(Json(text))) << byte << " at " << place;
      const Json as_key{{text, 1}};
      ASSERT_EQ(dump(as_key), expected(as_key)) << byte << " at " << place;
    }
  }
  for (std::size_t length = 0; length < 70; ++length) {
    std::string text(length, 'x');
    ASSERT_EQ(dump(Json(text)), expected(Json(text))) << length;
    if (length > 0) text.back() = '\t';
    ASSERT_EQ(dump(Json(text)), expected(Json(text))) << length;
    if (length > 0) text.front() = '"';
    ASSERT_EQ(dump(Json(text)), expected(Json(text))) << length;
  }
  const Json values = Json::parse(R"([{}, [], "", {"a": [1, -2, 2.5, 1e300, true, false, null],
    "b": {"\u00e4": "\ud83d\ude00 \u0000\u001f\u007f"}}, 18446744073709551615, [[{"c": {}}]]])");
  EXPECT_EQ(dump(values), expected(values));
  EXPECT_EQ(dump(Json()), "null");
  std::string of_nothing;
  append_quoted(std::string_view(), of_nothing);
  EXPECT_EQ(of_nothing, "\"\"");
  std::string behind = "before";
  append_json(values, behind);
  EXPECT_EQ(behind, "before" + expected(values));
}

}  // namespace
}  // namespace opsroom

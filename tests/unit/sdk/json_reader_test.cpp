#include "json_reader.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <random>

namespace opsroom::sdk {
namespace {

bool is_json(std::string_view text) {
  JsonReader reader(text);
  reader.value();
  return reader.ended();
}

/// A text near good JSON: some bytes of a good one are changed, left out or put in.
std::string mangled(std::mt19937& dice) {
  constexpr std::array seeds{
      "{\"a\":[1,-2.5e3,true,false,null,\"x\\u00e9\\n\\\"\\ud83d\\ude00\"],\"b\":{\"c\":"
      "\"h\xc3\xa9llo "
      "w\xe2\x82\xacorld, this is a longer string\"}}",
      "[0,-0,1.0,1e9,\"\",{},[]]",
      "\"\\ud800\\udc00 \xf0\x9f\x9a\x80\"",
      "{\"k\":01}"
  };
  constexpr std::string_view odd = "\"\\{}[],:0-eu\xc3\x28 ";
  std::string text = seeds.at(dice() % seeds.size());
  for (auto changes = dice() % 4; changes > 0 && !text.empty(); --changes) {
    const std::size_t at = dice() % text.size();
    const auto how = dice() % 3;
    if (how == 0) text[at] = static_cast<char>(1 + dice() % 255);
    if (how == 1) text.erase(at, 1);
    if (how == 2) text.insert(at, 1, odd[dice() % odd.size()]);
  }
  return text;
}

}  // namespace

TEST(JsonReader, AcceptsWhatTheLibraryAcceptsAndNothingElse) {
  std::mt19937 dice(7);
  int good = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = mangled(dice);
    const bool expected = nlohmann::json::accept(text);
    good += expected ? 1 : 0;
    ASSERT_EQ(is_json(text), expected) << text;
  }
  EXPECT_GT(good, 5'000);
}

TEST(JsonReader, HandsOutValuesAsTheyStand) {
  JsonReader reader(R"( {"a" : { "x": [1, 2] } , "b\n":"\u00e9"} )");
  std::string seen;
  const bool object = reader.object([&](std::string_view key) {
    seen.append(key).append("=").append(reader.value()).append(";");
  });
  EXPECT_TRUE(object);
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(seen, "a={ \"x\": [1, 2] };b\n=\"\\u00e9\";");
}

TEST(JsonReader, LeavesWhatIsNoObjectInItsPlace) {
  JsonReader reader("[1]");
  EXPECT_FALSE(reader.object([](std::string_view) {}));
  EXPECT_EQ(reader.value(), "[1]");
}

TEST(JsonReader, RefusesWhatIsNestedTooDeep) {
  const std::size_t depth = JsonReader::deepest;
  EXPECT_TRUE(is_json(std::string(depth, '[') + std::string(depth, ']')));
  EXPECT_FALSE(is_json(std::string(depth + 2, '[') + std::string(depth + 2, ']')));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(JsonString, IsReadAndWritten) {
  EXPECT_EQ(string_of("\"a\\u00e9\\n\""), "a\xc3\xa9\n");
  EXPECT_EQ(string_of("7"), std::nullopt);
  EXPECT_EQ(json_string("a\"b\xff"), "\"a\\\"b\xef\xbf\xbd\"");
}

}  // namespace opsroom::sdk

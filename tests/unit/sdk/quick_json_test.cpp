// The quick way with JSON must never be told from the library's.
#include "quick_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using nlohmann::json;
using opsroom::tool::detail::dumped;
using opsroom::tool::detail::parsed;

std::string library_dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What comes of a text: the value with the types of its numbers, or the library's own words.
template <class Parse>
std::string outcome_of(std::string_view text, Parse parse) {
  try {
    const json value = parse(text);
    const json flat = value.flatten();
    std::string types;
    if (flat.is_structured())
      for (const json& leaf : flat)
        types += std::to_string(static_cast<int>(leaf.type()));
    return library_dump(value) + types;
  } catch (const json::exception& error) {
    return error.what();
  }
}

void expect_agreement(std::string_view text) {
  const auto library = [](std::string_view given) { return json::parse(given); };
  EXPECT_EQ(outcome_of(text, parsed), outcome_of(text, library)) << text;
}

}  // namespace

TEST(QuickJson, ReadsWhatTheLibraryReads) {
  for (const char* text :
       {R"({})",
        R"([])",
        R"( { "a" : [ 1 , -2 , 0 , -0 ] , "b" : { "c" : null } } )",
        "\t\r\n[true,false,null]\n",
        R"({"a":1,"a":{"b":2},"a":[3]})",
        R"("plain text of more than eight letters")",
        R"("\"\\\/\b\f\n\r\t")",
        R"("\u00e9 \ud83d\ude00 é 😀")",
        R"([1.5,1e3,-1E-2,123456789012345678,1234567890123456789,18446744073709551615])",
        R"([18446744073709551616,-9223372036854775808,-9223372036854775809])",
        R"({"":""})"})
    expect_agreement(text);
}

TEST(QuickJson, RefusesWhatTheLibraryRefusesInItsWords) {
  const std::vector<std::string> texts{
      "",
      " ",
      "{",
      "[1,]",
      "{\"a\":}",
      "{\"a\" 1}",
      "{a:1}",
      "01",
      "-",
      "1.",
      "+1",
      "tru",
      "nul",
      "\"open",
      "\"\\x\"",
      "\"\n\"",
      "[1] 2",
      "{}}",
      "\"\xff\"",
      "\"\\ud800\"",
      "[1\v]",
      "{\"a\":1,}",
      "--1",
      "1 2",
      "[[[",
      "\"\xc3\"",
      std::string(1, '\0'),
      "NaN",
      std::string("[1]\0", 4)
  };
  for (const std::string& text : texts)
    expect_agreement(text);
}

TEST(QuickJson, LeavesWhatIsDeepToTheLibrary) {
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  EXPECT_EQ(library_dump(parsed(deep)), deep);
}

TEST(QuickJson, AgreesOnEveryTextThatIsCutShort) {
  const std::string text = R"({"name":"a\nb","list":[1,-23,true,null,{"x":"é"}],"n":4.5e6})";
  for (std::size_t length = 0; length <= text.size(); ++length)
    expect_agreement(std::string_view(text).substr(0, length));
}

TEST(QuickJson, WritesWhatTheLibraryWrites) {
  json every{
      {"text", "plain"},
      {"escaped", "a\"b\\c\n\x01 é 😀"},
      {"cut", "long enough for a word \xc3"},
      {"numbers", {0, -1, INT64_MIN, UINT64_MAX, 1.5, 1e300, -0.0}},
      {"words", {true, false, nullptr}},
      {"empty", {json::object(), json::array(), ""}},
      {"key \"quoted\"", 1}
  };
  every["not a number"] = std::nan("");
  EXPECT_EQ(dumped(every), library_dump(every));
  EXPECT_EQ(dumped(json("\x7f")), library_dump("\x7f"));
}

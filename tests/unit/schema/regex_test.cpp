#include "schema/regex.hpp"

#include "base/failure.hpp"

#include <gtest/gtest.h>

namespace opsroom::schema {
namespace {

bool found(const std::string& pattern, const std::string& text) {
  std::size_t budget = 1'000'000;
  return Regex(pattern).matches(text, budget);
}

std::string whole(const std::string& pattern, const std::string& text, std::size_t group = 0) {
  std::size_t budget = 1'000'000;
  const auto result = Regex(pattern).search(text, budget);
  return result.found ? result.groups.at(group) : "(none)";
}

TEST(Regex, SearchesAnywhere) {
  EXPECT_TRUE(found("b+", "aabb"));
  EXPECT_FALSE(found("^b+$", "aabb"));
  EXPECT_TRUE(found("", ""));
}

TEST(Regex, ChoosesTheLeftmostAndGreedyUnlessAskedOtherwise) {
  EXPECT_EQ(whole("a+", "xaaay"), "aaa");
  EXPECT_EQ(whole("a+?", "xaaay"), "a");
  EXPECT_EQ(whole("a{2,3}", "aaaa"), "aaa");
  EXPECT_EQ(whole("a{2,3}?", "aaaa"), "aa");
  EXPECT_EQ(whole("a|ab", "ab"), "a");
  EXPECT_EQ(whole("(a|ab)(c|bcd)(d*)", "abcd"), "abcd");
}

TEST(Regex, CapturesGroupsByNumberAndName) {
  EXPECT_EQ(whole("(\\d+)-(\\d+)", "on 12-34", 2), "34");
  EXPECT_EQ(whole("(?<year>\\d{4})", "in 2024", 1), "2024");
  EXPECT_EQ(whole("(a)|(b)", "b", 1), "");
}

TEST(Regex, KnowsBackreferences) {
  EXPECT_TRUE(found("^(a+)b\\1$", "aabaa"));
  EXPECT_FALSE(found("^(a+)b\\1$", "aaba"));
  EXPECT_TRUE(found("^(?<q>['\"]).*\\k<q>$", "'x'"));
}

TEST(Regex, KnowsLookAround) {
  EXPECT_TRUE(found("^(?=.*\\d)(?=.*[a-z]).{3,}$", "a1b"));
  EXPECT_FALSE(found("^(?!foo)", "foobar"));
  EXPECT_TRUE(found("(?<=\\$)\\d+", "cost $42"));
  EXPECT_FALSE(found("(?<!\\$)\\b\\d+", "$42"));
  EXPECT_EQ(whole("(?=(a+))a*b\\1", "baaabac"), "aba");
}

TEST(Regex, CountsCodePointsNotBytes) {
  EXPECT_TRUE(found("^.$", "💩"));
  EXPECT_TRUE(found("^[ä-ö]+$", "äö"));
  EXPECT_TRUE(found("^\\u{1F4A9}\\uD83D\\uDCA9$", "💩💩"));
  EXPECT_FALSE(found("^\\W$", "é\xCC\x81"));
  EXPECT_FALSE(found("^\\w$", "é"));
}

TEST(Regex, KnowsClassesAndEscapes) {
  EXPECT_TRUE(found("^[\\w.-]+@[^@\\s]+$", "a.b-c@d"));
  EXPECT_TRUE(found("^[]$|^[^]$", "x"));
  EXPECT_TRUE(found("^\\x41\\cJ\\t\\/\\-$", "A\n\t/-"));
  EXPECT_TRUE(found("^{.*}$", "{x}"));
  EXPECT_FALSE(found("^.$", "\n"));
  EXPECT_FALSE(found("^a$", "a\n"));
}

TEST(Regex, RefusesWhatItDoesNotKnowByName) {
  for (const char* pattern :
       {"(",
        "(?",
        ")",
        "a**",
        "[b-a]",
        "\\",
        "a{2,1}",
        "\\Z",
        "(?<a>x)(?<a>y)",
        "\\2(a)",
        "[\\",
        "(?:",
        "*a"}) {
    try {
      Regex regex(pattern);
      FAIL() << pattern << " was accepted";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::invalid) << pattern;
    }
  }
  for (const char* pattern : {"\\p{L}", "(?i)a", "(a{1000}){1000}"}) {
    try {
      Regex regex(pattern);
      FAIL() << pattern << " was accepted";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::unsupported) << pattern;
    }
  }
}

TEST(Regex, LoopsThatConsumeNothingEnd) {
  EXPECT_TRUE(found("^(a*)*$", "aaa"));
  EXPECT_TRUE(found("^(a|b*|)*c$", "abbac"));
  EXPECT_FALSE(found("^(|a)+$", "b"));
}

TEST(Regex, CatastrophicPatternsRunOutOfBudgetInsteadOfTime) {
  std::size_t budget = 1'000'000;
  EXPECT_THROW(Regex("^(a+)+$").matches(std::string(60, 'a') + "!", budget), Failure);
  EXPECT_EQ(budget, 0U);
}

TEST(Regex, LongTextsDoNotUseTheCallStack) {
  std::size_t budget = 10'000'000;
  EXPECT_TRUE(Regex("^(?:a|b)*$").matches(std::string(400'000, 'a'), budget));
  EXPECT_TRUE(Regex("^[a-z]*$").matches(std::string(1'000'000, 'a'), budget));
}

TEST(Regex, DeepNestingIsRefused) {
  const std::string deep = std::string(1000, '(') + "a" + std::string(1000, ')');
  EXPECT_THROW(Regex{deep}, Failure);
  EXPECT_THROW(Regex{std::string(10'000, 'a')}, Failure);
}

}  // namespace
}  // namespace opsroom::schema

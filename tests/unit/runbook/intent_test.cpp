#include "runbook/intent.hpp"

#include "base/failure.hpp"

#include <gtest/gtest.h>

namespace opsroom::runbook {
namespace {

using Bound = std::map<std::string, std::string>;

Bound bound(const std::string& pattern, const std::string& intent) {
  return IntentPattern(pattern).match(intent).value_or(Bound{{"", "no match"}});
}

TEST(Intent, BindsPlaceholders) {
  EXPECT_EQ(
      bound("deploy {version} to {target}", "Deploy v2.3.0 to prod"),
      (Bound{{"version", "v2.3.0"}, {"target", "prod"}})
  );
  EXPECT_EQ(bound("{who} says hello", "Ann Lee says hello"), (Bound{{"who", "Ann Lee"}}));
  EXPECT_EQ(bound("run tests", "RUN   Tests\n"), Bound{});
}

TEST(Intent, KeepsTheLettersOfWhatIsBound) {
  EXPECT_EQ(bound("say {text}", "SAY Hello World"), (Bound{{"text", "Hello World"}}));
}

TEST(Intent, TakesAsLittleAsPossibleAndBacktracks) {
  EXPECT_EQ(bound("move {a} to {b}", "move x to y to z"), (Bound{{"a", "x"}, {"b", "y to z"}}));
  EXPECT_EQ(
      bound("move {a} to {b} now", "move x to y now to z now"),
      (Bound{{"a", "x"}, {"b", "y now to z"}})
  );
}

TEST(Intent, MatchesTheWholeText) {
  EXPECT_FALSE(IntentPattern("run tests").match("please run tests"));
  EXPECT_FALSE(IntentPattern("run tests").match("run tests now"));
  EXPECT_FALSE(IntentPattern("deploy {x}").match("deploy "));
  EXPECT_FALSE(IntentPattern("deploy {x} to {y}").match("deploy to y"));
}

TEST(Intent, StaysFastOnTextsMadeToBeSlow) {
  std::string pattern = "a";
  for (int i = 0; i < 12; ++i)
    pattern += " {p" + std::to_string(i) + "} a";
  std::string text;
  for (int i = 0; i < 1500; ++i)
    text += "a ";
  EXPECT_FALSE(IntentPattern(pattern + " z").match(text));
}

TEST(Intent, PatternsAreChecked) {
  for (const char* text : {"", "{a}", "a {", "a }", "a {b {c}}", "a {}", "a {b}{c}"}) {
    EXPECT_THROW(IntentPattern{text}, Failure) << text;
  }
}

TEST(Intent, CountsLiteralCharactersOnly) {
  EXPECT_EQ(IntentPattern("ab {c} d").literal_length(), 3U);
}

}  // namespace
}  // namespace opsroom::runbook

#include <gtest/gtest.h>

#include <opsroom/text.hpp>

using opsroom::base64;
using opsroom::printable_utf8;
using opsroom::whole_characters;

TEST(PrintableUtf8, LeavesGoodTextAlone) {
  const std::string text = "h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80\t\x1B[31m\n";
  EXPECT_EQ(printable_utf8(text), text);
}

TEST(PrintableUtf8, ReplacesEveryByteThatIsNoCharacter) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(
      printable_utf8("a\xFF"
                     "b"),
      "a" + mark + "b"
  );
  EXPECT_EQ(printable_utf8("\xC3"), mark);                        // cut off
  EXPECT_EQ(printable_utf8("\xC0\xAF"), mark + mark);             // overlong
  EXPECT_EQ(printable_utf8("\xED\xA0\x80"), mark + mark + mark);  // surrogate
  EXPECT_EQ(printable_utf8("\xF4\x90\x80\x80").size(), 4 * mark.size());
  EXPECT_EQ(printable_utf8(std::string("a\0b", 3)), "a" + mark + "b");
}

TEST(WholeCharacters, StopsBeforeOneThatIsCut) {
  EXPECT_EQ(whole_characters("ab"), 2u);
  EXPECT_EQ(whole_characters("ab\xE2\x82"), 2u);
  EXPECT_EQ(whole_characters("ab\xE2\x82\xAC"), 5u);
  EXPECT_EQ(whole_characters("\xF0\x9F\x98"), 0u);
  EXPECT_EQ(whole_characters(""), 0u);
}

TEST(Base64, PadsLikeTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64(std::string("\xFF\x00\xFE", 3)), "/wD+");
}

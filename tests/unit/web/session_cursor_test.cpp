#include "web/session_cursor.hpp"

#include "base/failure.hpp"

#include <gtest/gtest.h>

namespace opsroom::web {
namespace {

TEST(SessionCursor, IsReadBackAsItWasWritten) {
  for (const char* text :
       {"f0", "f7", "f0;1:5", "f3;5:1;9:240", "f3;5-8:1;9:240", "f0;1-2:3;3:4"}) {
    EXPECT_EQ(SessionCursor::parse(text).text(), text);
  }
}

TEST(SessionCursor, RefusesWhatItWouldNeverWrite) {
  for (const char* text :
       {"",
        "x",
        "f",
        "f-1",
        "f01",
        "f1;",
        "f1;2",
        "f1;2:",
        "f1;2:0",
        "f1;2:-1",
        "f1;2:1;2:1",
        "f1;3:1;2:1",
        "f5;5:1",
        "f1;2:1 ",
        "f1;2:1;",
        "f 1",
        "f1;2-2:1",
        "f1;4-2:1",
        "f1;2:01",
        "f99999999999999999999",
        "f9223372036854775807",
        "f0;1-9000000000:1",
        "f1;+2:1",
        "F1"}) {
    EXPECT_THROW(SessionCursor::parse(text), Failure) << text;
  }
  EXPECT_THROW(SessionCursor::parse("f0;" + std::string(20'000, '1')), Failure);
}

TEST(SessionCursor, JoinsNeighboursWithTheSameNumber) {
  SessionCursor cursor;
  for (int run = 1; run <= 500; ++run)
    cursor.advance(RunId{run}, 1);
  EXPECT_EQ(cursor.text(), "f0;1-500:1");
  cursor.advance(RunId{250}, 2);
  EXPECT_EQ(cursor.text(), "f0;1-249:1;250:2;251-500:1");
}

TEST(SessionCursor, LetsTheFloorCoverRunsThatEndedLongAgo) {
  SessionCursor cursor;
  for (int run = 1; run <= 100; ++run) {
    cursor.advance(RunId{run}, run);
    cursor.complete(RunId{run});
  }
  EXPECT_GT(cursor.floor(), RunId{50});
  EXPECT_LT(cursor.floor(), RunId{100}) << "the newest stay listed";
  EXPECT_LT(cursor.text().size(), 200u);
  EXPECT_TRUE(cursor.below_floor(RunId{50}));
  EXPECT_GT(cursor.position(RunId{50}), 1'000'000);
  EXPECT_EQ(cursor.position(RunId{100}), 100);
  EXPECT_EQ(cursor.position(RunId{101}), 0);
}

TEST(SessionCursor, TheFloorNeverPassesARunThatHasNotEnded) {
  SessionCursor cursor;
  cursor.know(RunId{1});  // scheduled, nothing happened yet
  for (int run = 2; run <= 100; ++run) {
    cursor.advance(RunId{run}, 1);
    cursor.complete(RunId{run});
  }
  EXPECT_EQ(cursor.floor(), RunId{0});
  const auto again = SessionCursor::parse(cursor.text());
  EXPECT_EQ(again.position(RunId{1}), 0);
  EXPECT_TRUE(again.unknown(RunId{1}));
}

TEST(SessionCursor, GivesNoTextRatherThanOneNoHeaderCanCarry) {
  SessionCursor cursor;
  for (int run = 1; run <= 10'000; ++run)
    cursor.advance(RunId{run}, run);
  EXPECT_EQ(cursor.text(), "");
}

}  // namespace
}  // namespace opsroom::web

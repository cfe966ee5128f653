#include "exec/line_batcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using opsroom::exec::LineBatcher;
using testing::ElementsAre;
using testing::IsEmpty;

class LineBatcherTest : public testing::Test {
 protected:
  void feed(std::string_view bytes) { batcher_.feed(bytes, now_); }
  void tick_after(int ms) {
    now_ += std::chrono::milliseconds(ms);
    batcher_.tick(now_);
  }

  std::vector<std::string> sent_;
  LineBatcher batcher_{[this](std::string_view lines) { sent_.emplace_back(lines); }};
  LineBatcher::Clock::time_point now_ = LineBatcher::Clock::now();
};

}  // namespace

TEST_F(LineBatcherTest, GathersLinesForTwentyMilliseconds) {
  feed("one\ntw");
  feed("o\n");
  tick_after(19);
  EXPECT_THAT(sent_, IsEmpty());
  tick_after(1);
  EXPECT_THAT(sent_, ElementsAre("one\ntwo"));
}

TEST_F(LineBatcherTest, HoldsAnUnfinishedLineBack) {
  feed("one\npart");
  tick_after(100);
  EXPECT_THAT(sent_, ElementsAre("one"));
  feed("ial\n");
  batcher_.finish();
  EXPECT_THAT(sent_, ElementsAre("one", "partial"));
}

TEST_F(LineBatcherTest, SendsTheRestAtTheEnd) {
  feed("one\nno newline");
  batcher_.finish();
  EXPECT_THAT(sent_, ElementsAre("one", "no newline"));
}

TEST_F(LineBatcherTest, KeepsEmptyLines) {
  feed("\n\na\n\n");
  batcher_.finish();
  EXPECT_THAT(sent_, ElementsAre("\n\na\n"));
}

TEST_F(LineBatcherTest, SendsAFullMessageAtOnce) {
  std::string many;
  while (many.size() < LineBatcher::longest_message)
    many += "a line of text\n";
  feed(many);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0] + "\n", many);
}

TEST_F(LineBatcherTest, CutsAnEndlessLineBetweenCharacters) {
  std::string line(LineBatcher::longest_message - 1, 'a');
  line += "\xE2\x82\xAC";
  feed(line);
  batcher_.finish();
  EXPECT_THAT(sent_, ElementsAre(line.substr(0, line.size() - 3), "\xE2\x82\xAC"));
}

TEST_F(LineBatcherTest, TheTailStartsWithAWholeLine) {
  for (int i = 0; i < 20'000; ++i)
    feed("line " + std::to_string(i) + "\n");
  const std::string tail = batcher_.tail();
  EXPECT_LE(tail.size(), LineBatcher::tail_bytes);
  EXPECT_EQ(tail.substr(0, 6), "line 1");
  EXPECT_EQ(tail.substr(tail.size() - 11), "line 19999\n");
}

TEST_F(LineBatcherTest, AShortTailIsEverything) {
  feed("one\ntwo");
  EXPECT_EQ(batcher_.tail(), "one\ntwo");
}

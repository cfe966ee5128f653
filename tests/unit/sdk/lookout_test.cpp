#include "lookout.hpp"

#include <gtest/gtest.h>

#include <array>
#include <unistd.h>

using namespace opsroom::sdk;
using namespace std::chrono_literals;

TEST(Lookout, LooksOnlyForAClientThatWasQuick) {
  Lookout lookout;
  EXPECT_FALSE(lookout.worth_it());
  lookout.woke(100us);
  EXPECT_TRUE(lookout.worth_it());
  lookout.woke(10ms);
  EXPECT_FALSE(lookout.worth_it());
}

TEST(Lookout, LooksEverMoreRarelyWhenItIsForNothing) {
  Lookout lookout;
  lookout.woke(100us);
  for (const int slept : {1, 2, 4, 8}) {
    EXPECT_TRUE(lookout.worth_it());
    lookout.missed(60us);
    for (int i = 0; i < slept; ++i)
      EXPECT_FALSE(lookout.worth_it());
  }
  EXPECT_TRUE(lookout.worth_it());
  lookout.saw();
  lookout.missed(60us);
  EXPECT_FALSE(lookout.worth_it());
  EXPECT_TRUE(lookout.worth_it());
}

TEST(Lookout, LeavesAProcessorToOthersWhoWantIt) {
  Lookout lookout;
  lookout.woke(100us);
  EXPECT_TRUE(lookout.worth_it());
  lookout.missed(3ms);
  for (int i = 0; i < Lookout::most_skipped; ++i)
    EXPECT_FALSE(lookout.worth_it());
  EXPECT_TRUE(lookout.worth_it());
}

TEST(Lookout, WaitsUntilThereIsSomething) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  std::array<pollfd, 1> fds{pollfd{ends[0], POLLIN, 0}};
  Lookout lookout;
  lookout.woke(1us);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(lookout.wait(fds), 1);
  EXPECT_EQ(fds[0].revents, POLLIN);
  ::close(ends[0]);
  ::close(ends[1]);
}

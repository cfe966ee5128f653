#include "base/wall_clock.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

using namespace std::chrono_literals;

WallClock::Time time_of_day;
int reads = 0;

WallClock::Time read_it() {
  ++reads;
  return time_of_day;
}

TEST(WallClock, GoesOnWithTheSteadyClockAndIsSetBeforeLong) {
  reads = 0;
  time_of_day = WallClock::Time(1000h);
  WallClock clock(&read_it);
  const Clock::time_point begin(5h);
  EXPECT_EQ(clock.at(begin), WallClock::Time(1000h));
  time_of_day = WallClock::Time(2000h);
  EXPECT_EQ(clock.at(begin + 9ms), WallClock::Time(1000h) + 9ms);
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(clock.at(begin + 10ms), WallClock::Time(2000h));
  EXPECT_EQ(clock.at(begin + 12ms), WallClock::Time(2000h) + 2ms);
  EXPECT_EQ(reads, 2);
}

TEST(WallClock, TellsTheTimeOfDayOfTheSystem) {
  WallClock clock;
  const auto before = std::chrono::system_clock::now();
  const auto told = clock.at(Clock::now());
  EXPECT_GE(told, before);
  EXPECT_LE(told, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace opsroom

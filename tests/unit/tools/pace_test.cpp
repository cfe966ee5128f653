#include "tools/gathering.hpp"
#include "tools/halving.hpp"
#include "unit/tools/io.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

// When requests leave and answers are fetched.

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;

std::int64_t interrupted = 0;

/// A first half is written, and then the rest.
void write_both(Halving& halving, bool interruption) {
  if (halving.apart()) {
    halving.before();
    if (interruption) ++interrupted;
    halving.after();
  }
  halving.all_left();
}

Halving after_interruptions() {
  Halving halving([] { return interrupted; });
  for (int i = 0; i < Halving::look_every + Halving::enough - 1; ++i) {
    EXPECT_TRUE(halving.apart()) << i;
    write_both(halving, true);
  }
  return halving;
}

TEST(Halving, APeerOnItsOwnProcessorGetsHalves) {
  Halving halving([] { return interrupted; });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(halving.apart()) << i;
    write_both(halving, false);
  }
}

TEST(Halving, OneThatTakesOursGetsAllTogetherForAWhile) {
  Halving halving = after_interruptions();
  int together = 1;  // what belonged to the half that decided it has left
  for (; !halving.apart() && together < 2 * Halving::term; ++together)
    write_both(halving, true);
  EXPECT_EQ(together, Halving::term);
  write_both(halving, true);
  EXPECT_TRUE(halving.apart()) << "tried again, and one look is not enough";
  write_both(halving, true);
  EXPECT_FALSE(halving.apart());
}

TEST(Halving, OneThatHasMovedAwayGetsHalvesAgain) {
  Halving halving = after_interruptions();
  for (int i = 1; i < Halving::term; ++i)
    write_both(halving, true);
  for (int i = 0; i < 100; ++i) {
    write_both(halving, false);
    ASSERT_TRUE(halving.apart());
  }
}

TEST(Halving, NowAndThenAnInterruptionMeansNothing) {
  Halving halving([] { return interrupted; });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(halving.apart()) << i;
    write_both(halving, i % 3 == 0);
  }
}

TEST(Halving, CountsHowOftenAnotherTookTheProcessor) {
  // Two that both want the one processor they may use: the kernel must take it from one of them.
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &mine);
  ASSERT_EQ(::sched_setaffinity(0, sizeof mine, &mine), 0);
  const std::int64_t before = Halving::interruptions();
  const pid_t self = ::getpid();
  const pid_t other = ::fork();
  if (other == 0) {
    while (::getppid() == self) {
    }
    ::_exit(0);
  }
  EXPECT_GT(other, 0) << "fork";
  const auto until = Clock::now() + 20s;
  while (Halving::interruptions() == before && Clock::now() < until) {
  }
  EXPECT_GT(Halving::interruptions(), before);
  if (other > 0) {
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }
  EXPECT_EQ(::sched_setaffinity(0, sizeof all, &all), 0);
}

/// Answers that come one by one, so many ago each, with 32 awaited.
void hear(Gathering& gathering, Clock::time_point& now, int answers, Clock::duration each) {
  for (int i = 0; i < answers; ++i) {
    now += each;
    gathering.pause(1, 32, now);
  }
}

TEST(Gathering, OnlyAPeerThatIsWorthAPauseIsGivenOne) {
  Clock::time_point now(1h);
  Gathering slow;
  slow.pause(1, 32, now);
  hear(slow, now, static_cast<int>(Gathering::trial), 30us);
  EXPECT_TRUE(slow.pauses(32));
  EXPECT_EQ(slow.pause(1, 32, now + 30us), 240us);
  EXPECT_FALSE(slow.pauses(4)) << "one answer is all there is to wait for";

  Gathering quick;
  quick.pause(1, 32, now);
  hear(quick, now, static_cast<int>(Gathering::trial), 2us);
  EXPECT_FALSE(quick.pauses(32)) << "eight are there sooner than a pause is over";
  EXPECT_EQ(quick.pause(1, 32, now + 2us), 0us);
}

}  // namespace
}  // namespace opsroom::tools::test

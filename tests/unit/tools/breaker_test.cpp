#include "tools/breaker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class BreakerTest : public ::testing::Test {
 protected:
  void die(Clock::duration lived = 1s) {
    breaker.note_death(now, lived, "server 'x' exited with 3");
  }

  void die_until_it_opens() {
    for (int i = 0; i < 5; ++i)
      die();
    ASSERT_TRUE(breaker.open(now));
  }

  Breaker breaker{Breaker::Limits{}};
  Clock::time_point now{1h};
};

TEST_F(BreakerTest, LetsTheFirstSuccessorStartAtOnceAndLaterOnesMoreSlowly) {
  die();
  EXPECT_EQ(breaker.next_start(), now);
  die();
  EXPECT_EQ(breaker.next_start(), now + 250ms);
  die();
  EXPECT_EQ(breaker.next_start(), now + 500ms);
  EXPECT_FALSE(breaker.open(now));
}

TEST_F(BreakerTest, OpensAfterFiveYoungDeathsWithinAMinute) {
  die_until_it_opens();
  EXPECT_EQ(breaker.next_start(), now + 10s);
  EXPECT_FALSE(breaker.open(now + 10s));
}

TEST_F(BreakerTest, DeathsFarApartDoNotOpenIt) {
  for (int i = 0; i < 20; ++i) {
    die();
    now += 20s;
    EXPECT_FALSE(breaker.open(now));
  }
}

TEST_F(BreakerTest, ATrialThatDiesTooOpensItForLonger) {
  die_until_it_opens();
  now += 10s;
  die();
  EXPECT_TRUE(breaker.open(now));
  EXPECT_EQ(breaker.next_start(), now + 20s);
  for (int i = 0; i < 10; ++i) {
    now = breaker.next_start();
    die();
  }
  EXPECT_EQ(breaker.next_start(), now + 10min);
}

TEST_F(BreakerTest, ALongLifeClosesIt) {
  die_until_it_opens();
  now += 10min;
  die(2min);
  EXPECT_FALSE(breaker.open(now));
  EXPECT_EQ(breaker.next_start(), now);
}

TEST_F(BreakerTest, SaysHowItEndedAndWhenTheNextTryComes) {
  die_until_it_opens();
  const Failure refusal = breaker.refusal("server 'x'", now + 1500ms);
  EXPECT_EQ(refusal.code(), Code::unavailable);
  EXPECT_TRUE(refusal.retryable());
  EXPECT_THAT(refusal.message(), HasSubstr("server 'x' keeps failing"));
  EXPECT_THAT(refusal.message(), HasSubstr("started 5 times in vain"));
  EXPECT_THAT(refusal.message(), HasSubstr("server 'x' exited with 3"));
  EXPECT_THAT(refusal.hint(), HasSubstr("The next try is in 9 s"));
}

}  // namespace
}  // namespace opsroom::tools

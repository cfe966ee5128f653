#include "tools/alarm.hpp"

#include "tools/vigil.hpp"
#include "unit/tools/io.hpp"

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;

Task<bool> wait_on(Alarm& alarm, Clock::duration patience) {
  co_return co_await alarm.wait_until(Clock::now() + patience);
}

Task<> ring_soon(Alarm& alarm) {
  co_await pause_for(1ms);
  alarm.ring();
}

Task<> note_when_rung(Alarm& alarm, std::vector<int>& order, int name) {
  co_await alarm.wait_until(Clock::time_point::max());
  order.push_back(name);
}

Task<> note_when_late(Alarm& alarm, std::vector<int>& order, Clock::duration patience, int name) {
  const bool rung = co_await alarm.wait_until(Clock::now() + patience);
  order.push_back(rung ? -name : name);
}

Task<> wait_for_ever(Alarm& alarm) {
  co_await alarm.wait_until(Clock::time_point::max());
}

Task<> keep_waiting(std::shared_ptr<Alarm> alarm) {
  co_await alarm->wait_until(Clock::time_point::max());
}

Task<bool> cancelled_wait(Alarm& alarm) {
  auto waiting = wait_for_ever(alarm);
  co_return co_await within(5ms, std::move(waiting));
}

TEST(Alarm, ARingBeforeTheWaitIsNotLost) {
  Io io;
  Alarm alarm(io.executor());
  alarm.ring();
  EXPECT_TRUE(io.run(wait_on(alarm, 20s)));
  EXPECT_FALSE(io.run(wait_on(alarm, 1ms)));
}

TEST(Alarm, ARingEndsTheWait) {
  Io io;
  Alarm alarm(io.executor());
  asio::co_spawn(io.executor(), ring_soon(alarm), asio::detached);
  EXPECT_TRUE(io.run(wait_on(alarm, 20s)));
}

TEST(Alarm, TheDeadlineEndsTheWaitAndNotBefore) {
  Io io;
  Alarm alarm(io.executor());
  const auto begin = Clock::now();
  EXPECT_FALSE(io.run(wait_on(alarm, 30ms)));
  EXPECT_GE(Clock::now() - begin, 30ms);
}

TEST(Alarm, ADeadlineBeyondTheTimersReachIsKeptToo) {
  Io io;
  Alarm alarm(io.executor());
  const auto begin = Clock::now();
  EXPECT_FALSE(io.run(wait_on(alarm, 600ms)));
  EXPECT_GE(Clock::now() - begin, 600ms);
}

TEST(Alarm, ANearerDeadlineOvertakesAFartherOne) {
  Io io;
  Alarm far(io.executor());
  Alarm near(io.executor());
  Alarm between(io.executor());
  std::vector<int> order;
  asio::co_spawn(io.executor(), note_when_late(far, order, 200ms, 3), asio::detached);
  asio::co_spawn(io.executor(), note_when_late(near, order, 5ms, 1), asio::detached);
  asio::co_spawn(io.executor(), note_when_late(between, order, 60ms, 2), asio::detached);
  io.context().run_for(20s);
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Alarm, NothingIsLeftToRunSoonAfterTheLastWait) {
  Io io;
  Alarm alarm(io.executor());
  std::vector<int> order;
  asio::co_spawn(io.executor(), note_when_late(alarm, order, 60s, 1), asio::detached);
  asio::co_spawn(io.executor(), ring_soon(alarm), asio::detached);
  const auto begin = Clock::now();
  io.context().run_for(50s);
  EXPECT_LT(Clock::now() - begin, 20s);
  EXPECT_EQ(order, std::vector{-1});
}

TEST(Alarm, RingingNowRunsTheWaiterAtOnce) {
  Io io;
  Alarm alarm(io.executor());
  std::vector<int> order;
  asio::co_spawn(io.executor(), note_when_rung(alarm, order, 1), asio::detached);
  io.context().poll();
  alarm.ring_now();
  order.push_back(2);
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Alarm, RingingLetsTheRingerFinishFirst) {
  Io io;
  Alarm alarm(io.executor());
  std::vector<int> order;
  asio::co_spawn(io.executor(), note_when_rung(alarm, order, 1), asio::detached);
  io.context().poll();
  alarm.ring();
  order.push_back(2);
  io.context().poll();
  EXPECT_EQ(order, (std::vector{2, 1}));
}

TEST(Alarm, ACancelledWaitEndsAndTheAlarmStaysOfUse) {
  Io io;
  Alarm alarm(io.executor());
  EXPECT_FALSE(io.run(cancelled_wait(alarm)));
  alarm.ring();
  EXPECT_TRUE(io.run(wait_on(alarm, 20s)));
}

TEST(Alarm, AWaitThatNeverEndsGoesWithItsContext) {
  auto io = std::make_unique<Io>();
  auto alarm = std::make_shared<Alarm>(io->executor());
  std::weak_ptr<Alarm> gone = alarm;
  asio::co_spawn(io->executor(), keep_waiting(std::move(alarm)), asio::detached);
  io->context().poll();
  io.reset();
  EXPECT_TRUE(gone.expired());
}

Clock::time_point at(int microseconds) {
  return Clock::time_point(1h) + std::chrono::microseconds(microseconds);
}

TEST(Vigil, NothingIsWatchedForAServerNobodyKnowsToBeQuick) {
  Io io;
  const auto vigil = std::make_shared<Vigil>(io.executor());
  vigil->sent(at(0));
  EXPECT_FALSE(vigil->watching());
  vigil->heard(at(5000));
  vigil->sent(at(6000));
  EXPECT_FALSE(vigil->watching());
}

TEST(Vigil, AQuickServerIsWatchedForAMomentOnly) {
  Io io;
  const auto vigil = std::make_shared<Vigil>(io.executor());
  vigil->sent(at(0));
  vigil->heard(at(30));
  vigil->sent();
  EXPECT_TRUE(vigil->watching());
  io.context().run_for(20s);  // Ends by itself: nothing is left to run.
  EXPECT_FALSE(vigil->watching());
}

TEST(Vigil, ServersThatAreNotQuickAreWatchedEverMoreRarely) {
  Io io;
  const auto vigil = std::make_shared<Vigil>(io.executor());
  int watched = 0;
  for (int i = 0; i < 1000; ++i) {
    vigil->sent(Clock::now() - Vigil::patience - 10us);
    watched += vigil->watching() ? 1 : 0;
    io.context().restart();
    io.context().poll();
    vigil->heard(Clock::now() - Vigil::patience);
  }
  EXPECT_GT(watched, 0);
  EXPECT_LT(watched, 20);
}

TEST(Vigil, TheEndOfTheConversationEndsIt) {
  Io io;
  const auto vigil = std::make_shared<Vigil>(io.executor());
  vigil->sent(at(0));
  vigil->heard(at(30));
  vigil->sent(Clock::now() + 1h);
  vigil->end();
  io.context().run_for(20s);
  EXPECT_FALSE(vigil->watching());
}

}  // namespace
}  // namespace opsroom::tools::test

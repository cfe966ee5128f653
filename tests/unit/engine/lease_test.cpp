#include "engine/lease_keeper.hpp"
#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace opsroom::engine {
namespace {

using opsroom::testing::FakeQueue;
using opsroom::testing::run_to_end;

constexpr LeaseTimes quick{Milliseconds(5), Milliseconds(60)};

using Ends = std::vector<Clock::time_point>;

/// Runs the keeper until `stop` was requested or the time is over, and returns the reason.
/// `trusted` gets what the holder was told.
StopReason reason_after(FakeQueue& queue, Clock::duration at_most, Ends* trusted = nullptr) {
  asio::io_context io;
  StopReason reason = StopReason::none;
  run_to_end(
      io,
      [](FakeQueue& queue, Clock::duration at_most, StopReason& reason, Ends* trusted) -> Task<> {
        const auto executor = co_await asio::this_coro::executor;
        LeaseKeeper keeper(executor, "w", queue, quick);
        Stop stop(executor);
        keeper.hold(Claim{RunId{1}, 1, "t"}, stop, [trusted](Clock::time_point until) {
          if (trusted) trusted->push_back(until);
        });
        TaskGroup beside(executor);
        beside.start(keeper.run(), [](std::exception_ptr) { ADD_FAILURE(); });
        auto waiting = stop.wait();
        co_await within(at_most, std::move(waiting));
        reason = stop.reason();
        keeper.release(Claim{RunId{1}, 1, "t"});
        keeper.end();
        co_await beside.wait_until_at_most(0);
      }(queue, at_most, reason, trusted)
  );
  return reason;
}

TEST(Lease, HeartbeatsKeepTheRun) {
  FakeQueue queue;
  EXPECT_EQ(reason_after(queue, Milliseconds(200)), StopReason::none);
  EXPECT_GT(queue.heartbeats, 5);
}

TEST(Lease, LosingItStopsTheRun) {
  FakeQueue queue;
  queue.token_changed = true;
  EXPECT_EQ(reason_after(queue, std::chrono::seconds(5)), StopReason::lease_lost);
}

TEST(Lease, WithoutHeartbeatsTheWorkStopsByItself) {
  FakeQueue queue;
  queue.away = true;
  const auto start = Clock::now();
  EXPECT_EQ(reason_after(queue, std::chrono::seconds(5)), StopReason::lease_lost);
  EXPECT_GE(Clock::now() - start, quick.self_fence);
}

TEST(Lease, TheHolderHearsOfEveryGoodHeartbeatHowLongItIsTrusted) {
  FakeQueue queue;
  Ends trusted;
  reason_after(queue, Milliseconds(200), &trusted);
  ASSERT_EQ(trusted.size(), 1u + static_cast<std::size_t>(queue.heartbeats));
  EXPECT_TRUE(std::is_sorted(trusted.begin(), trusted.end()));
  EXPECT_LE(trusted.back(), Clock::now() + quick.self_fence);
  EXPECT_GT(trusted.back(), trusted.front() + quick.self_fence);
}

TEST(Lease, AHeartbeatThatFailsOrLosesTheRunEarnsNoTrust) {
  for (const bool lost : {true, false}) {
    FakeQueue queue;
    queue.token_changed = lost;
    queue.away = !lost;
    Ends trusted;
    EXPECT_EQ(reason_after(queue, std::chrono::seconds(5), &trusted), StopReason::lease_lost);
    EXPECT_EQ(trusted.size(), 1u) << "only hold() itself";
  }
}

TEST(Lease, AHeartbeatBringsTheCancellationThatNoNotificationBrought) {
  FakeQueue queue;
  queue.cancel_requested.insert(RunId{1});
  EXPECT_EQ(reason_after(queue, std::chrono::seconds(5)), StopReason::canceled);
}

TEST(Lease, AnOldClaimsReleaseLeavesTheNewOneHeld) {
  asio::io_context io;
  FakeQueue queue;
  LeaseKeeper keeper(io.get_executor(), "w", queue, quick);
  Stop first(io.get_executor());
  Stop second(io.get_executor());
  const Claim old_claim{RunId{1}, 1, "old"};
  const Claim new_claim{RunId{1}, 2, "new"};
  keeper.hold(old_claim, first, [](Clock::time_point) {});
  keeper.hold(new_claim, second, [](Clock::time_point) {});
  keeper.release(old_claim);
  EXPECT_EQ(keeper.held(), 1u);
  keeper.cancel(RunId{1});
  EXPECT_EQ(second.reason(), StopReason::canceled);
  keeper.release(new_claim);
  EXPECT_EQ(keeper.held(), 0u);
}

/// The keeper must not spin while nothing is held and the last heartbeat had failed.
TEST(Lease, AnOutageWithNothingHeldLeavesTheThreadToOthers) {
  asio::io_context io;
  FakeQueue queue;
  queue.away = true;
  run_to_end(io, [](FakeQueue& queue) -> Task<> {
    const auto executor = co_await asio::this_coro::executor;
    LeaseKeeper keeper(executor, "w", queue, quick);
    Stop stop(executor);
    const Claim claim{RunId{1}, 1, "t"};
    keeper.hold(claim, stop, [](Clock::time_point) {});
    TaskGroup beside(executor);
    beside.start(keeper.run(), [](std::exception_ptr) { ADD_FAILURE(); });
    auto waiting = stop.wait();
    EXPECT_TRUE(co_await within(std::chrono::seconds(5), std::move(waiting)));
    keeper.release(claim);
    co_await pause_for(Milliseconds(300));
    keeper.end();
    co_await beside.wait_until_at_most(0);
  }(queue));
}

}  // namespace
}  // namespace opsroom::engine

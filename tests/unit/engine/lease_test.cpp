#include <gtest/gtest.h>

#include "engine/lease_keeper.hpp"
#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

namespace opsroom::engine {
namespace {

using opsroom::testing::FakeQueue;
using opsroom::testing::run_to_end;

constexpr LeaseTimes quick{Milliseconds(5), Milliseconds(60)};

/// Runs the keeper until `stop` was requested or the time is over, and returns the reason.
StopReason reason_after(FakeQueue& queue, Clock::duration at_most) {
  asio::io_context io;
  StopReason reason = StopReason::none;
  run_to_end(io, [](FakeQueue& queue, Clock::duration at_most, StopReason& reason) -> Task<> {
    const auto executor = co_await asio::this_coro::executor;
    LeaseKeeper keeper(executor, "w", queue, quick);
    Stop stop(executor);
    keeper.hold(Claim{RunId{1}, 1, "t"}, stop);
    TaskGroup beside(executor);
    beside.start(keeper.run(), [](std::exception_ptr) { ADD_FAILURE(); });
    auto waiting = stop.wait();
    co_await within(at_most, std::move(waiting));
    reason = stop.reason();
    keeper.release(RunId{1});
    keeper.end();
    co_await beside.wait_until_at_most(0);
  }(queue, at_most, reason));
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

TEST(Lease, AHeartbeatBringsTheCancellationThatNoNotificationBrought) {
  FakeQueue queue;
  queue.cancel_requested.insert(RunId{1});
  EXPECT_EQ(reason_after(queue, std::chrono::seconds(5)), StopReason::canceled);
}

}  // namespace
}  // namespace opsroom::engine

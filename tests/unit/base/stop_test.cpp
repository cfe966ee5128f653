#include "base/stop.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace opsroom {
namespace {

class Stopping : public ::testing::Test {
 protected:
  Stop::Subscription note(int name) {
    return stop->subscribe([this, name](StopReason) { called.push_back(name); });
  }

  asio::io_context io;
  std::unique_ptr<Stop> stop = std::make_unique<Stop>(io.get_executor());
  std::vector<int> called;
};

TEST_F(Stopping, TellsAllWhoSubscribedInTheirOrderAndOnce) {
  const auto first = note(1);
  const auto second = note(2);
  const auto third = note(3);
  stop->request(StopReason::canceled);
  stop->request(StopReason::lease_lost);
  EXPECT_EQ(called, (std::vector{1, 2, 3}));
  EXPECT_EQ(stop->reason(), StopReason::canceled);
}

TEST_F(Stopping, TellsALateSubscriberAtOnce) {
  stop->request(StopReason::draining);
  const auto late = note(1);
  EXPECT_EQ(called, std::vector{1});
}

TEST_F(Stopping, DoesNotTellWhoeverHasUnsubscribedWhereverItStoodInLine) {
  std::optional first = note(1);
  const auto second = note(2);
  std::optional third = note(3);
  const auto fourth = note(4);
  std::optional fifth = note(5);
  first.reset();
  third.reset();
  fifth.reset();
  const auto sixth = note(6);
  stop->request(StopReason::canceled);
  EXPECT_EQ(called, (std::vector{2, 4, 6}));
}

TEST_F(Stopping, ASubscriptionThatWasMovedKeepsItsPlaceInLine) {
  const auto first = note(1);
  Stop::Subscription second = note(2);
  const auto third = note(3);
  const Stop::Subscription moved = std::move(second);
  stop->request(StopReason::canceled);
  EXPECT_EQ(called, (std::vector{1, 2, 3}));
}

TEST_F(Stopping, ASubscriptionThatIsReplacedIsNotTold) {
  Stop::Subscription subscription = note(1);
  subscription = note(2);
  stop->request(StopReason::canceled);
  EXPECT_EQ(called, std::vector{2});
}

TEST_F(Stopping, WhoeverIsToldMayEndItsOwnSubscriptionAndOthers) {
  std::optional<Stop::Subscription> own;
  std::optional<Stop::Subscription> next;
  own = stop->subscribe([&](StopReason) {
    called.push_back(1);
    own.reset();
    next.reset();
  });
  next = note(2);
  const auto last = note(3);
  stop->request(StopReason::canceled);
  EXPECT_EQ(called, (std::vector{1, 3}));
}

TEST_F(Stopping, ASubscriptionMayOutliveTheStop) {
  auto first = note(1);
  const auto second = note(2);
  stop.reset();
  first = Stop::Subscription();
  EXPECT_TRUE(called.empty());
}

}  // namespace
}  // namespace opsroom

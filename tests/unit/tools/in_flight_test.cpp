#include "tools/in_flight.hpp"

#include "unit/tools/io.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace opsroom::tools::test {
namespace {

class InFlightTest : public ::testing::Test {
 protected:
  std::shared_ptr<Exchange> add(std::int64_t id) {
    auto exchange = std::make_shared<Exchange>(Alarm::Like{alarm});
    exchange->id = id;
    in_flight.add(exchange);
    return exchange;
  }

  bool holds(std::int64_t id) const {
    const auto* found = in_flight.find(id);
    return found != nullptr && (*found)->id == id;
  }

  std::vector<std::int64_t> ids() const {
    std::vector<std::int64_t> all;
    in_flight.for_each([&all](const auto& exchange) { all.push_back(exchange->id); });
    std::sort(all.begin(), all.end());
    return all;
  }

  Io io;
  Alarm alarm{io.executor()};
  InFlight in_flight;
};

TEST_F(InFlightTest, FindsWhatWasAddedUntilItIsErased) {
  for (std::int64_t id = 1; id <= 300; ++id)
    add(id);
  EXPECT_EQ(in_flight.size(), 300U);
  for (std::int64_t id = 1; id <= 300; ++id) {
    ASSERT_TRUE(holds(id)) << id;
    in_flight.erase(id);
    ASSERT_FALSE(holds(id)) << id;
  }
  EXPECT_EQ(in_flight.size(), 0U);
}

TEST_F(InFlightTest, OneThatStaysDoesNotHideTheManyThatPass) {
  add(1);
  for (std::int64_t id = 2; id <= 1000; ++id) {
    add(id);
    ASSERT_TRUE(holds(id)) << id;
    ASSERT_TRUE(holds(1)) << id;
    ASSERT_EQ(in_flight.size(), 2U);
    in_flight.erase(id);
  }
  EXPECT_EQ(ids(), std::vector<std::int64_t>{1});
}

TEST_F(InFlightTest, KnowsNothingOfIdsThatOnlyEndAlike) {
  add(7);
  for (const std::int64_t id : {71, 7 + 64, 7 - 64, -7, 0})
    EXPECT_EQ(in_flight.find(id), nullptr) << id;
  in_flight.erase(7 + 64);
  EXPECT_TRUE(holds(7));
}

TEST_F(InFlightTest, OneThatIsAddedAgainIsThereOnce) {
  add(1);
  const auto later = add(65);
  in_flight.erase(1);
  in_flight.add(later);
  EXPECT_EQ(ids(), std::vector<std::int64_t>{65});
  EXPECT_EQ(in_flight.size(), 1U);
  in_flight.erase(65);
  EXPECT_EQ(in_flight.find(65), nullptr);
  EXPECT_EQ(in_flight.size(), 0U);
}

TEST_F(InFlightTest, LetsGoOfWhatIsErased) {
  std::weak_ptr<Exchange> near = add(1);
  std::weak_ptr<Exchange> far = add(65);
  in_flight.erase(1);
  in_flight.erase(65);
  EXPECT_TRUE(near.expired());
  EXPECT_TRUE(far.expired());
}

}  // namespace
}  // namespace opsroom::tools::test

#include "tools/waiting_line.hpp"

#include "base/failure.hpp"
#include "unit/tools/io.hpp"

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Visitors {
  explicit Visitors(asio::any_io_executor executor)
      : line(executor, "server 'x'", 1), stop(executor), moved(executor) {}

  WaitingLine line;
  Stop stop;
  Signal moved;
  std::vector<int> order;
  std::vector<std::string> failures;
  std::vector<WaitingLine::Pass> passes;
};

Task<> visit(Visitors& visitors, int number, Clock::duration patience, Stop& stop) {
  try {
    auto entering = visitors.line.enter(stop, Clock::now() + patience);
    visitors.passes.push_back(co_await std::move(entering));
    visitors.order.push_back(number);
  } catch (const Failure& failure) {
    visitors.failures.push_back(failure.message());
  }
  visitors.moved.notify();
}

Task<> until_order(Visitors& visitors, std::size_t count) {
  while (visitors.order.size() + visitors.failures.size() < count)
    co_await visitors.moved.wait();
}

class WaitingLineTest : public ::testing::Test {
 protected:
  void come(int number, Clock::duration patience = 20s) { come(number, patience, visitors.stop); }
  void come(int number, Clock::duration patience, Stop& stop) {
    asio::co_spawn(io.executor(), visit(visitors, number, patience, stop), asio::detached);
  }
  void wait_for(std::size_t count) { io.run(until_order(visitors, count)); }

  test::Io io;
  Visitors visitors{io.executor()};
};

TEST_F(WaitingLineTest, LetsAsManyInAsItsLimitAndTheRestInTheirOrder) {
  visitors.line.set_limit(2);
  for (int i = 1; i <= 5; ++i)
    come(i);
  wait_for(2);
  EXPECT_EQ(visitors.line.inside(), 2u);
  EXPECT_EQ(visitors.line.waiting(), 3u);
  visitors.passes.erase(visitors.passes.begin());
  wait_for(3);
  visitors.passes.clear();
  wait_for(5);
  EXPECT_THAT(visitors.order, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(WaitingLineTest, OneWhoRunsOutOfTimeLeavesTheLine) {
  come(1);
  come(2, 1ms);
  come(3);
  wait_for(2);
  EXPECT_THAT(
      visitors.failures,
      ElementsAre(HasSubstr("server 'x' was busy with 1 other call, and this one's time ran out"))
  );
  visitors.passes.clear();
  wait_for(3);
  EXPECT_THAT(visitors.order, ElementsAre(1, 3));
}

TEST_F(WaitingLineTest, OneWhoIsStoppedLeavesTheLine) {
  Stop mine(io.executor());
  come(1);
  come(2, 20s, mine);
  come(3);
  wait_for(1);
  mine.request(StopReason::canceled);
  wait_for(2);
  EXPECT_EQ(visitors.failures.size(), 1u);
  visitors.passes.clear();
  wait_for(3);
  EXPECT_THAT(visitors.order, ElementsAre(1, 3));
}

TEST_F(WaitingLineTest, AHigherLimitLetsThoseInWhoWait) {
  for (int i = 1; i <= 3; ++i)
    come(i);
  wait_for(1);
  visitors.line.set_limit(3);
  wait_for(3);
  EXPECT_EQ(visitors.line.inside(), 3u);
}

TEST_F(WaitingLineTest, APlaceGivenBackIsNotTakenTwice) {
  come(1);
  come(2);
  wait_for(1);
  visitors.passes.clear();
  come(3);  // While 2 has been let in, but has not gone on yet.
  wait_for(2);
  EXPECT_EQ(visitors.line.inside(), 1u);
  EXPECT_THAT(visitors.order, ElementsAre(1, 2));
}

}  // namespace
}  // namespace opsroom::tools

#include "store/group_commit.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>

#include <future>
#include <set>
#include <string>

namespace opsroom::store {
namespace {

using testing::ElementsAre;

/// A place to write to that answers when the test says so.
struct FakePlace {
  explicit FakePlace(asio::io_context& io) : open(io.get_executor()) {}

  Task<std::vector<int>> write(std::vector<const std::string*> items) {
    std::vector<std::string> group;
    for (const std::string* item : items)
      group.push_back(*item);
    tried.push_back(group);
    while (closed)
      co_await open.wait();
    if (away) throw Failure(Code::unavailable, "away", "", true);
    for (const std::string& item : group) {
      if (bad.contains(item)) throw Failure(Code::conflict, item + " is bad");
    }
    std::vector<int> outcomes;
    for (const std::string& item : group) {
      written.push_back(item);
      outcomes.push_back(static_cast<int>(item.size()));
    }
    co_return outcomes;
  }

  void let_through() {
    closed = false;
    open.notify();
  }

  std::vector<std::vector<std::string>> tried;
  std::vector<std::string> written;
  std::set<std::string> bad;
  bool closed = false;
  bool away = false;
  Signal open;
};

class Grouping : public testing::Test {
 protected:
  using Commits = GroupCommit<std::string, int>;

  asio::io_context io{1};
  FakePlace place{io};
  GroupLimits limits{4, 100};

  Commits commits() {
    return Commits(
        [this](std::vector<const std::string*> items) { return place.write(std::move(items)); },
        limits
    );
  }
  std::future<int> start(Commits& to, std::string item, std::size_t bytes = 1) {
    return asio::co_spawn(io, to.commit(std::move(item), bytes), asio::use_future);
  }
  void run() {
    io.restart();
    io.run_for(std::chrono::seconds(20));
  }
  /// Everything that can go on has gone on; what waits for the place still waits.
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  static bool ready(std::future<int>& result) {
    return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
};

TEST_F(Grouping, AloneAWriteGoesAtOnce) {
  auto writes = commits();
  auto one = start(writes, "one");
  run();
  EXPECT_EQ(one.get(), 3);
  auto three = start(writes, "three");
  run();
  EXPECT_EQ(three.get(), 5);
  EXPECT_THAT(place.tried, ElementsAre(ElementsAre("one"), ElementsAre("three")));
}

TEST_F(Grouping, NewcomersGoTogetherWhenTheOneUnderWayHasEnded) {
  auto writes = commits();
  place.closed = true;
  auto first = start(writes, "a");
  settle();
  auto second = start(writes, "bb");
  auto third = start(writes, "ccc");
  settle();
  EXPECT_EQ(place.tried.size(), 1u);
  place.let_through();
  run();
  EXPECT_THAT(place.tried, ElementsAre(ElementsAre("a"), ElementsAre("bb", "ccc")));
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(second.get(), 2);
  EXPECT_EQ(third.get(), 3);
}

TEST_F(Grouping, OrderIsKeptAndGroupsHaveLimits) {
  auto writes = commits();
  place.closed = true;
  std::vector<std::future<int>> all;
  all.push_back(start(writes, "0"));
  settle();
  for (const char* item : {"1", "2", "3", "4", "5"})
    all.push_back(start(writes, item, 10));
  all.push_back(start(writes, "large", 1'000));
  all.push_back(start(writes, "6", 10));
  settle();
  place.let_through();
  run();
  EXPECT_THAT(
      place.tried,
      ElementsAre(
          ElementsAre("0"),
          ElementsAre("1", "2", "3", "4"),
          ElementsAre("5"),
          ElementsAre("large"),
          ElementsAre("6")
      )
  );
  for (auto& one : all)
    EXPECT_GT(one.get(), 0);
}

TEST_F(Grouping, ABadWriteHarmsNoNeighbour) {
  auto writes = commits();
  place.closed = true;
  place.bad = {"bad"};
  auto first = start(writes, "first");
  settle();
  auto good = start(writes, "good");
  auto bad = start(writes, "bad");
  auto also_good = start(writes, "fine");
  settle();
  place.let_through();
  run();
  EXPECT_EQ(first.get(), 5);
  EXPECT_EQ(good.get(), 4);
  EXPECT_EQ(also_good.get(), 4);
  EXPECT_THROW(bad.get(), Failure);
  EXPECT_THAT(place.written, ElementsAre("first", "good", "fine"));
}

TEST_F(Grouping, AnOutageReachesAllItsCallersAndIsOverForTheNext) {
  auto writes = commits();
  place.closed = true;
  place.away = true;
  auto first = start(writes, "first");
  settle();
  auto second = start(writes, "second");
  auto third = start(writes, "third");
  settle();
  place.let_through();
  run();
  for (auto* one : {&first, &second, &third}) {
    try {
      one->get();
      ADD_FAILURE() << "no failure";
    } catch (const Failure& failure) {
      EXPECT_TRUE(failure.retryable());
    }
  }
  EXPECT_EQ(place.tried.size(), 2u) << "not one by one: the place is away for each of them";
  place.away = false;
  auto again = start(writes, "second");
  run();
  EXPECT_EQ(again.get(), 6);
}

TEST_F(Grouping, ACallerThatIsCancelledNeitherLosesNorRepeatsItsWrite) {
  auto writes = commits();
  place.closed = true;
  auto first = start(writes, "first");
  settle();
  asio::cancellation_signal cancel;
  std::exception_ptr ended;
  bool over = false;
  auto waiting = [](Commits& to) -> Task<> {
    std::string item = "given up";
    co_await to.commit(std::move(item), 1);
    co_await pause_for(std::chrono::hours(1));
  };
  asio::co_spawn(
      io,
      waiting(writes),
      asio::bind_cancellation_slot(
          cancel.slot(),
          [&](std::exception_ptr error) {
            ended = error;
            over = true;
          }
      )
  );
  settle();
  cancel.emit(asio::cancellation_type::terminal);
  auto last = start(writes, "last");
  settle();
  EXPECT_FALSE(over) << "it waits for the end of its write";
  place.let_through();
  run();
  EXPECT_TRUE(over);
  EXPECT_TRUE(ended) << "and is cancelled then";
  EXPECT_EQ(first.get(), 5);
  EXPECT_EQ(last.get(), 4);
  EXPECT_THAT(place.written, ElementsAre("first", "given up", "last"));
}

TEST_F(Grouping, WhatIsNeverWrittenGoesWithItsContext) {
  auto writes = commits();
  place.closed = true;
  auto first = start(writes, "first");
  auto second = start(writes, "second");
  settle();
  auto third = start(writes, "third");
  settle();
  // The end of the test destroys the context while all three wait: the leak check sees to it.
  EXPECT_FALSE(ready(first) || ready(second) || ready(third));
}

TEST_F(Grouping, ItMayGoWhileWritesAreUnderWay) {
  place.closed = true;
  std::future<int> first;
  std::future<int> second;
  {
    auto writes = commits();
    first = start(writes, "first");
    settle();
    second = start(writes, "second");
    settle();
  }
  place.let_through();
  run();
  EXPECT_EQ(first.get(), 5);
  EXPECT_EQ(second.get(), 6);
}

}  // namespace
}  // namespace opsroom::store

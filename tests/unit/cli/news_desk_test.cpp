#include "cli/news_desk.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace opsroom::cli {
namespace {

struct FakeWakeups final : Wakeups {
  void on_queue(std::function<void()>) override {}
  void on_cancel(std::function<void(RunId)>) override {}
  void on_events(std::function<void(RunId)> callback) override { tell = std::move(callback); }
  std::function<void(RunId)> tell;
};

Task<> hear(std::shared_ptr<Signal> news, int* heard) {
  co_await news->wait();
  ++*heard;
}

TEST(NewsDesk, TellsEveryFollowerOfARunAndNobodyElse) {
  asio::io_context io;
  FakeWakeups wakeups;
  NewsDesk desk(io.get_executor(), wakeups);
  TaskGroup followers(io.get_executor());
  int first = 0;
  int second = 0;
  const auto rethrow = [](std::exception_ptr error) { std::rethrow_exception(error); };
  followers.start(hear(desk.subscribe(RunId{1}), &first), rethrow);
  followers.start(hear(desk.subscribe(RunId{1}), &first), rethrow);
  followers.start(hear(desk.subscribe(RunId{2}), &second), rethrow);
  io.poll();

  wakeups.tell(RunId{1});
  io.poll();
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 0);

  // Those who have gone are not told any more.
  wakeups.tell(RunId{1});
  wakeups.tell(RunId{2});
  io.poll();
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace opsroom::cli

#include "engine/run_log.hpp"

#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

namespace opsroom::engine {
namespace {

using opsroom::testing::FakeQueue;
using opsroom::testing::run_to_end;

struct RunLogTest : ::testing::Test {
  asio::io_context io;
  FakeQueue books;
  Stop abandon{io.get_executor()};
  Claim claim{RunId{7}, 1, "token"};

  RunLog log_with(RunLogLimits limits) {
    return RunLog(io.get_executor(), claim, 0, books, abandon, limits);
  }
};

TEST_F(RunLogTest, NumbersLinesAndEventsWithoutGaps) {
  RunLog log = log_with({});
  run_to_end(io, [](RunLog& log) -> Task<> {
    log.add("step.started", "one", Json::object());
    co_await log.lines("one", "stdout", "a\nb");
    co_await log.lines("one", "stdout", "c");
    log.note("one", "said");
    co_await log.lines("one", "stderr", "d");
    co_await log.flush();
  }(log));
  EXPECT_EQ(books.lines(), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_TRUE(books.gapless());
  EXPECT_EQ(books.events.size(), 4u) << "lines of one stream share a chunk";
}

TEST_F(RunLogTest, AWriteWhoseAnswerWasLostIsRepeatedUnderTheSameNumbers) {
  RunLog log = log_with({});
  books.away_after_writing = 2;
  run_to_end(io, [](RunLog& log) -> Task<> {
    co_await log.lines("one", "stdout", "a\nb");
    co_await log.flush();
    co_await log.lines("one", "stdout", "c");
    co_await log.flush();
  }(log));
  EXPECT_EQ(books.lines(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(books.gapless());
}

TEST_F(RunLogTest, ALongLineIsCutAndSaysSo) {
  RunLogLimits limits;
  limits.line_bytes = 10;
  RunLog log = log_with(limits);
  run_to_end(io, [](RunLog& log) -> Task<> {
    co_await log.lines("one", "stdout", std::string(25, 'x'));
    co_await log.flush();
  }(log));
  EXPECT_EQ(books.lines().at(0), "xxxxxxxxxx … (15 bytes cut)");
}

TEST_F(RunLogTest, AToolWaitsWhileTooMuchIsPendingAndGoesOnWhenTheDatabaseIsBack) {
  RunLogLimits limits;
  limits.pending_bytes = 100;
  limits.flush_after = Milliseconds(1);
  RunLog log = log_with(limits);
  books.away = true;
  bool wrote_all = false;
  run_to_end(io, [](RunLog& log, FakeQueue& books, bool& wrote_all) -> Task<> {
    const auto executor = co_await asio::this_coro::executor;
    TaskGroup beside(executor);
    beside.start(log.keep_flushing(), [](std::exception_ptr) { ADD_FAILURE(); });
    auto writing = [](RunLog& to, bool& done) -> Task<> {
      for (int i = 0; i < 10; ++i)
        co_await to.lines("one", "stdout", std::string(60, 'x'));
      done = true;
    }(log, wrote_all);
    beside.start(std::move(writing), [](std::exception_ptr) { ADD_FAILURE(); });
    co_await pause_for(Milliseconds(50));
    EXPECT_FALSE(wrote_all);
    books.away = false;
    while (beside.running() > 1)
      co_await pause_for(Milliseconds(1));
    co_await log.flush();
    log.stop();
    co_await beside.wait_until_at_most(0);
  }(log, books, wrote_all));
  EXPECT_TRUE(wrote_all);
  EXPECT_EQ(books.lines().size(), 10u);
  EXPECT_TRUE(books.gapless());
}

TEST_F(RunLogTest, AChangedTokenEndsTheWriting) {
  RunLog log = log_with({});
  books.token_changed = true;
  EXPECT_THROW(
      run_to_end(
          io,
          [](RunLog& log) -> Task<> {
            co_await log.lines("one", "stdout", "a");
            co_await log.flush();
          }(log)
      ),
      LeaseLost
  );
  EXPECT_TRUE(books.events.empty());
}

}  // namespace
}  // namespace opsroom::engine

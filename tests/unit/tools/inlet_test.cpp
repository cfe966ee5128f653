#include "tools/gathering.hpp"
#include "tools/pipe_inlet.hpp"
#include "unit/tools/io.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;

class Gathered : public ::testing::Test {
 protected:
  /// The pause after so many messages, the first of which came `since` after the last read.
  Clock::duration pause(std::size_t messages, std::size_t awaited, Clock::duration since) {
    Gathering gathering;
    const auto begin = Clock::now();
    gathering.pause(1, 1, begin);
    return gathering.pause(messages, awaited, begin + since);
  }
};

TEST_F(Gathered, AQuarterOfWhatIsAwaitedIsLeftToGather) {
  EXPECT_EQ(pause(1, 32, 100us), 800us);
  EXPECT_EQ(pause(2, 32, 100us), 400us);
  EXPECT_EQ(pause(1, 8, 100us), 200us);
}

TEST_F(Gathered, NothingIsHeldUpForLongerThanAMillisecond) {
  EXPECT_EQ(pause(1, 1000, 200us), 1ms);
}

TEST_F(Gathered, FewAreFetchedAtOnce) {
  EXPECT_EQ(pause(1, 7, 100us), 0us);
  EXPECT_EQ(pause(1, 1, 100us), 0us);
}

TEST_F(Gathered, APeerThatIsSlowOrQuickerThanAPauseIsHeardAtOnce) {
  EXPECT_EQ(pause(1, 32, 251us), 0us);
  EXPECT_EQ(pause(1, 32, 6us), 0us);
}

TEST_F(Gathered, WhatHasGatheredIsWorkedOnFirst) {
  EXPECT_EQ(pause(8, 32, 800us), 0us);
  EXPECT_EQ(pause(0, 32, 100us), 0us);
}

TEST_F(Gathered, AReadThatEndsNoMessageDoesNotCount) {
  Gathering gathering;
  const auto begin = Clock::now();
  gathering.pause(1, 1, begin);
  gathering.pause(0, 32, begin + 90us);
  EXPECT_EQ(gathering.pause(1, 32, begin + 100us), 800us);
}

class Inlet : public ::testing::Test {
 protected:
  Inlet() {
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    inlet = std::make_unique<PipeInlet>(asio::posix::stream_descriptor(io.executor(), pipe[0]));
  }
  ~Inlet() override {
    inlet.reset();
    EXPECT_EQ(::fcntl(pipe[0], F_GETFD), -1) << "it closes what it took over";
    hang_up();
  }

  void hang_up() {
    if (pipe[1] >= 0) ::close(std::exchange(pipe[1], -1));
  }
  void say(std::string_view bytes) {
    ASSERT_EQ(::write(pipe[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void turn_away() { io.run(inlet->turn_away(1us)); }
  std::string read() { return std::string(room.data(), io.run(inlet->read(asio::buffer(room)))); }
  std::optional<std::size_t> read_now() { return inlet->read_now(asio::buffer(room)); }

  Io io;
  std::array<int, 2> pipe{};
  std::array<char, 16> room{};
  std::unique_ptr<PipeInlet> inlet;
};

TEST_F(Inlet, WhatCameWhileItWasTurnedAwayIsThere) {
  turn_away();
  EXPECT_FALSE(inlet->pending());
  EXPECT_FALSE(read_now());
  say("one");
  EXPECT_TRUE(inlet->pending());
  EXPECT_EQ(read_now(), 3u);
  turn_away();
  say("two");
  EXPECT_EQ(read(), "two");
  say("three");
  EXPECT_EQ(read(), "three");
}

TEST_F(Inlet, TheEndIsSeenTurnedAwayOrNot) {
  turn_away();
  say("last");
  hang_up();
  EXPECT_EQ(read_now(), 4u);
  EXPECT_EQ(read_now(), 0u);
  EXPECT_EQ(read(), "");
}

TEST_F(Inlet, ClosingItEndsWhoWaits) {
  asio::post(io.executor(), [this] { inlet->close(); });
  EXPECT_EQ(read(), "");
  EXPECT_EQ(read(), "");
  EXPECT_EQ(read_now(), 0u);
  EXPECT_FALSE(inlet->pending());
}

TEST_F(Inlet, ClosedWhileItIsTurnedAwayItReadsTheEnd) {
  asio::post(io.executor(), [this] { inlet->close(); });
  turn_away();
  EXPECT_EQ(read_now(), 0u);
  turn_away();
  EXPECT_EQ(read(), "");
}

}  // namespace
}  // namespace opsroom::tools::test

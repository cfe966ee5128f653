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

/// A peer that answers `awaited` calls one by one; each answer takes it so long by whether we
/// pause.
class Gathered : public ::testing::Test {
 protected:
  /// The last pause of as many answers.
  Clock::duration after(std::size_t answers, Clock::duration without, Clock::duration with) {
    for (std::size_t i = 0; i < answers; ++i) {
      now += pause > 0us ? with : without;
      pause = gathering.pause(1, awaited, now);
    }
    return pause;
  }

  Gathering gathering;
  std::size_t awaited = 32;
  Clock::time_point now = Clock::now();
  Clock::duration pause{};
};

constexpr std::size_t tried = 2 * Gathering::trial + 2;

TEST_F(Gathered, PausesThatHelpAreKeptForAQuarterOfWhatIsAwaited) {
  EXPECT_EQ(after(tried, 100us, 80us), 800us);
  EXPECT_EQ(after(Gathering::term / 2, 100us, 80us), 800us);
}

TEST_F(Gathered, PausesThatDoNotHelpAreGivenUp) {
  EXPECT_EQ(after(Gathering::trial + 2, 100us, 100us), 800us) << "tried";
  EXPECT_EQ(after(Gathering::trial, 100us, 100us), 0us);
  EXPECT_EQ(after(Gathering::term / 2, 100us, 100us), 0us);
}

TEST_F(Gathered, BothWaysAreTriedAnewWhenTheTermIsOver) {
  EXPECT_EQ(after(tried, 100us, 80us), 800us);
  EXPECT_EQ(after(Gathering::term, 100us, 80us), 0us) << "without, to compare";
  EXPECT_EQ(after(tried, 100us, 120us), 0us);
}

TEST_F(Gathered, NothingIsHeldUpForLongerThanAMillisecond) {
  awaited = 1000;
  EXPECT_EQ(after(tried, 200us, 100us), 1ms);
}

TEST_F(Gathered, FewAreFetchedAtOnce) {
  awaited = Gathering::many - 1;
  EXPECT_EQ(after(tried, 100us, 80us), 0us);
}

TEST_F(Gathered, APeerThatIsSlowOrQuickerThanAPauseIsHeardAtOnce) {
  EXPECT_EQ(after(Gathering::trial + 2, 251us, 100us), 0us);
  now += Gathering::silence * 2;
  EXPECT_EQ(after(Gathering::trial + 2, 6us, 1us), 0us);
}

TEST_F(Gathered, ASilenceEndsWhatWasLearnt) {
  EXPECT_EQ(after(tried, 100us, 80us), 800us);
  now += Gathering::silence * 2;
  EXPECT_EQ(after(1, 100us, 80us), 0us);
}

TEST_F(Gathered, WhatHasGatheredIsWorkedOnFirst) {
  EXPECT_EQ(after(tried, 100us, 80us), 800us);
  EXPECT_EQ(gathering.pause(8, awaited, now), 0us);
  EXPECT_EQ(gathering.pause(0, awaited, now), 0us);
  EXPECT_EQ(gathering.pause(1, awaited, now), 800us);
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

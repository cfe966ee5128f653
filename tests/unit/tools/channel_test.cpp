#include "tools/stdio_channel.hpp"
#include "unit/tools/io.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace opsroom::tools::test {
namespace {

using Kind = Incoming::Kind;
using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::vector<std::string_view>& chunks, std::size_t limit) {
  NdjsonSplitter splitter(limit);
  std::vector<std::string> out;
  for (const std::string_view chunk : chunks)
    splitter.feed(chunk);
  splitter.finish();
  while (auto message = splitter.next())
    out.push_back((message->kind == Kind::message ? "" : "!") + message->text);
  return out;
}

TEST(NdjsonSplitter, CutsTheSameLinesWhereverTheChunksEnd) {
  constexpr std::string_view text =
      "\xEF\xBB\xBF{\"a\":1}\r\n\n\r\n{\"b\":2}\n{\"c\":\"\xC3\xA4\"}";
  const std::vector<std::string> expected{"{\"a\":1}", "{\"b\":2}", "{\"c\":\"\xC3\xA4\"}"};
  for (std::size_t i = 0; i <= text.size(); ++i) {
    for (std::size_t j = i; j <= text.size(); ++j) {
      const auto got = lines_of({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, 100);
      ASSERT_EQ(got, expected) << "cut at " << i << " and " << j;
    }
  }
}

TEST(NdjsonSplitter, ALineBeyondTheLimitIsNamedAndTheNextOneIsWhole) {
  const std::string text = std::string(200, 'x') + "end\n{}\n" + std::string(150, 'y') + "\n[]\n";
  const std::vector<std::string> expected = lines_of({text}, 100);
  ASSERT_EQ(expected.size(), 6U);
  EXPECT_EQ(expected[2], "{}");
  EXPECT_TRUE(expected[1].ends_with("xend"));
  EXPECT_EQ(expected[5], "[]");
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto got = lines_of({text.substr(0, i), text.substr(i)}, 100);
    ASSERT_EQ(got.size(), 6U) << "cut at " << i;
    EXPECT_EQ(got[2], "{}");
    EXPECT_EQ(got[5], "[]");
  }
}

TEST(NdjsonSplitter, AMessageHasRoomBehindItForItsParser) {
  NdjsonSplitter splitter(1u << 20);
  const std::string large(100000, 'x');
  splitter.feed("{}\n" + large);
  splitter.feed(large + "\n{}\n" + large);
  splitter.feed("\n");
  for (const std::size_t size : {2U, 200000U, 2U, 100000U}) {
    const auto message = splitter.next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->text.size(), size);
    EXPECT_GE(message->text.capacity(), size + 64);
  }
  EXPECT_TRUE(splitter.empty());
}

/// A channel whose peer is the test, at the other ends of two pipes.
class Channel : public ::testing::Test {
 protected:
  Channel() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe2(to.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(from.data(), O_CLOEXEC), 0);
    ::fcntl(to[0], F_SETFL, O_NONBLOCK);
    in = std::make_unique<asio::posix::stream_descriptor>(io.executor(), to[1]);
    out = std::make_unique<asio::posix::stream_descriptor>(io.executor(), from[0]);
    channel = std::make_unique<StdioChannel>(StdioChannel::Pipes{*in, std::move(*out)}, 1u << 20);
  }

  ~Channel() override {
    channel.reset();
    close_peer();
    in.reset();
    out.reset();
    io.context().restart();
    io.context().run_for(20s);
  }

  void close_peer() {
    for (int* descriptor : {&to[0], &from[1]}) {
      if (*descriptor >= 0) ::close(std::exchange(*descriptor, -1));
    }
  }

  std::string read_peer() {
    std::string bytes(1u << 20, '\0');
    const ssize_t got = ::read(to[0], bytes.data(), bytes.size());
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

  void say(std::string_view bytes) {
    ASSERT_EQ(::write(from[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  std::optional<Incoming> next() { return io.run(channel->next()); }

  std::shared_ptr<Outgoing> post(std::string bytes) {
    auto message = std::make_shared<Outgoing>();
    message->bytes = std::move(bytes);
    channel->post(message);
    return message;
  }

  /// Whether a request keeps the thread awake for a moment when the peer has answered so: asked
  /// many times, since on a busy machine any peer may seem slow.
  bool stays_awake_after(std::string_view answers) {
    for (int i = 0; i < 300; ++i) {
      say(answers);
      EXPECT_TRUE(next());
      while (channel->ready()) {
      }
      io.context().restart();
      io.context().poll();
      channel->post("request");
      std::array<char, 64> request{};
      EXPECT_GT(::read(to[0], request.data(), request.size()), 0);
      io.context().restart();
      if (io.context().poll_one() > 0) return true;
    }
    return false;
  }

  Io io;
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  std::unique_ptr<asio::posix::stream_descriptor> in;
  std::unique_ptr<asio::posix::stream_descriptor> out;
  std::unique_ptr<StdioChannel> channel;
};

TEST_F(Channel, AMessageLeavesAtOnceWhileThePipeHasRoom) {
  const auto message = post("{}");
  EXPECT_EQ(read_peer(), "{}\n");
  EXPECT_TRUE(message->done);
  EXPECT_FALSE(channel->withdraw(*message));
}

TEST_F(Channel, WhatThePipeHasNoRoomForCanBeTakenBack) {
  const auto large = post(std::string(500000, 'x'));
  const auto small = post("{}");
  EXPECT_FALSE(large->untouched());
  EXPECT_FALSE(channel->withdraw(*large));
  EXPECT_TRUE(channel->withdraw(*small));
  EXPECT_TRUE(small->lost);
  std::string got;
  while (!large->done) {
    got += read_peer();
    io.context().restart();
    io.context().poll();
  }
  got += read_peer();
  EXPECT_EQ(got.size(), 500001U);
}

TEST_F(Channel, MessagesLeaveInOrderHoweverThePipeFills) {
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string message(
        static_cast<std::size_t>(i) * 10 + 1, static_cast<char>('a' + i % 26)
    );
    expected += message + "\n";
    channel->post(message);
  }
  std::string got;
  while (got.size() < expected.size()) {
    got += read_peer();
    io.context().restart();
    io.context().poll();
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(channel->queued(), 0U);
}

TEST_F(Channel, AReaderWithMoreAtHandSendsItsRequestsTogether) {
  say("1\n2\n3\n");
  ASSERT_EQ(next()->text, "1");
  channel->hold();
  channel->post("a");
  EXPECT_EQ(read_peer(), "");
  ASSERT_EQ(channel->ready()->text, "2");
  channel->post("b");
  EXPECT_EQ(read_peer(), "");
  ASSERT_EQ(channel->ready()->text, "3");
  channel->post("c");
  EXPECT_EQ(read_peer(), "a\nb\nc\n");
  EXPECT_FALSE(channel->ready());
  channel->release();
  EXPECT_EQ(read_peer(), "");
}

TEST_F(Channel, HalfOfWhatIsAwaitedDoesNotWaitForTheRest) {
  say("1\n2\n3\n4\n");
  ASSERT_EQ(next()->text, "1");
  channel->await_answers(4);
  channel->hold();
  channel->post("a");
  EXPECT_EQ(read_peer(), "");
  ASSERT_EQ(channel->ready()->text, "2");
  channel->post("b");
  EXPECT_EQ(read_peer(), "a\nb\n");
  ASSERT_EQ(channel->ready()->text, "3");
  channel->post("c");
  EXPECT_EQ(read_peer(), "");
  channel->release();
  EXPECT_EQ(read_peer(), "c\n");
}

TEST_F(Channel, AFewThatAreLeftAreNotSentByThemselves) {
  say("1\n2\n3\n4\n5\n");
  ASSERT_EQ(next()->text, "1");
  channel->await_answers(8);
  channel->hold();
  for (const char* request : {"a", "b", "c"}) {
    channel->post(request);
    ASSERT_TRUE(channel->ready());
  }
  channel->post("d");
  EXPECT_EQ(read_peer(), "") << "one more is at hand";
  ASSERT_EQ(channel->ready()->text, "5");
  channel->post("e");
  EXPECT_EQ(read_peer(), "a\nb\nc\nd\ne\n");
  channel->release();
}

TEST_F(Channel, TheMemoryOfAMessageThatHasLeftServesTheNext) {
  std::string long_one(300, 'x');
  long_one.reserve(400);
  const char* const memory = long_one.data();
  const auto first = post(std::move(long_one));
  read_peer();
  ASSERT_TRUE(first->done);
  const std::string blank = channel->blank();
  EXPECT_EQ(blank, "");
  EXPECT_EQ(blank.data(), memory);
  EXPECT_EQ(channel->blank().capacity(), std::string().capacity()) << "it was lent already";
}

TEST_F(Channel, TheMemoryOfAMessageThatWasTakenBackServesALaterOne) {
  say("first, and rather a long one, so that it does not fit into the string itself\n");
  auto first = next();
  const char* const memory = first->text.data();
  channel->take_back(std::move(first->text));
  say("second\n");
  const auto second = next();
  EXPECT_EQ(second->text, "second");
  EXPECT_EQ(second->text.data(), memory);
}

TEST_F(Channel, AQuickPeerIsHeardHoweverOftenItAnswers) {
  channel->await_answers(1);
  for (int i = 0; i < 300; ++i) {
    const std::string text = std::to_string(i);
    channel->post(text);
    ASSERT_EQ(read_peer(), text + "\n");
    say(text + "\n");
    ASSERT_EQ(next()->text, text);
  }
  channel->post("last");
  close_peer();
  EXPECT_FALSE(next());
}

TEST_F(Channel, APeerThatAnswersManyCallsOneByOneIsHeardToTheEnd) {
  channel->await_answers(32);
  for (int i = 0; i < 300; ++i) {
    const std::string text = std::to_string(i);
    say(text + "\n");
    ASSERT_EQ(next()->text, text);
  }
  close_peer();
  EXPECT_FALSE(next());
}

TEST_F(Channel, APeerThatAnswersInBurstsIsLookedFor) {
  channel->await_answers(4);
  EXPECT_TRUE(stays_awake_after("1\n2\n3\n4\n"));
}

TEST_F(Channel, OneThatAnswersOneByOneIsLeftTheProcessor) {
  channel->await_answers(4);
  EXPECT_FALSE(stays_awake_after("1\n"));
  channel->await_answers(32);
  EXPECT_FALSE(stays_awake_after("1\n2\n3\n4\n")) << "a few of many";
}

/// Takes what the peer says without a break until somebody else got the thread, or it was too long.
Task<int> read_until(
    StdioChannel& channel, const bool& seen, const std::function<void()>& say_more
) {
  int count = 0;
  for (; !seen && count < 1000; ++count) {
    say_more();
    if (!co_await channel.next()) break;
  }
  co_return count;
}

TEST_F(Channel, APeerThatNeverPausesLeavesOthersTheThread) {
  for (const std::size_t awaited : {1U, 4U}) {
    channel->await_answers(awaited);
    ASSERT_TRUE(stays_awake_after("1\n2\n3\n4\n"));
    bool seen = false;
    asio::post(io.executor(), [&] {
      asio::post(io.executor(), [&] { asio::post(io.executor(), [&] { seen = true; }); });
    });
    EXPECT_LT(io.run(read_until(*channel, seen, [this] { say("x\n"); })), 100);
  }
}

TEST_F(Channel, ClosedInputIsTheEnd) {
  asio::post(io.executor(), [this] { channel->close_input(); });
  EXPECT_FALSE(next());
  EXPECT_FALSE(channel->pending_input());
}

TEST_F(Channel, ReleasingSendsWhatWasHeld) {
  say("1\n2\n");
  ASSERT_EQ(next()->text, "1");
  channel->hold();
  channel->post("a");
  channel->release();
  EXPECT_EQ(read_peer(), "a\n");
  ASSERT_EQ(next()->text, "2");
}

TEST_F(Channel, APeerThatHasGoneLosesTheMessageAndAllLaterOnes) {
  close_peer();
  EXPECT_TRUE(post("{}")->lost);
  const auto later = post("{}");
  EXPECT_TRUE(later->lost);
  EXPECT_TRUE(later->untouched());
  EXPECT_EQ(channel->queued(), 0U);
  EXPECT_FALSE(next());
}

TEST_F(Channel, TheLastLineNeedsNoLineBreak) {
  say("{\"a\":1}\n{\"b\":2}");
  close_peer();
  EXPECT_EQ(next()->text, "{\"a\":1}");
  EXPECT_EQ(next()->text, "{\"b\":2}");
  EXPECT_FALSE(next());
}

TEST_F(Channel, AnEndWhileThePipeIsFullLosesWhatIsLeft) {
  const auto large = post(std::string(500000, 'x'));
  const auto small = post("{}");
  io.context().poll();
  close_peer();
  io.run(channel->flush(20s));
  EXPECT_TRUE(large->lost);
  EXPECT_FALSE(large->untouched());
  EXPECT_TRUE(small->lost);
  EXPECT_TRUE(small->untouched());
}

}  // namespace
}  // namespace opsroom::tools::test

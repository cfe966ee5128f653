#include "process/pipe_writer.hpp"

#include "unit/process/pipe_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>

namespace opsroom::process {
namespace {

/// More than a pipe holds.
constexpr std::size_t much = 1u << 20;

Task<std::string> read_bytes(asio::posix::stream_descriptor& pipe, std::size_t count) {
  std::string text(count, '\0');
  co_await asio::async_read(pipe, asio::buffer(text), asio::use_awaitable);
  co_return text;
}

Task<bool> is_unavailable(Task<> operation) {
  try {
    co_await std::move(operation);
  } catch (const Failure& failure) {
    co_return failure.code() == Code::unavailable;
  }
  co_return false;
}

Task<> write_only(PipeWriter& writer, std::string message) {
  co_await writer.write(std::move(message));
}

Task<> in_order(PipeEnds& pipe) {
  PipeWriter writer(pipe.write);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    expected += std::to_string(i) + "\n";
    const auto ticket = co_await writer.write(std::to_string(i) + "\n");
    EXPECT_TRUE(writer.sent(ticket));
  }
  const std::string got = co_await read_bytes(pipe.read, expected.size());
  EXPECT_EQ(got, expected);
}

TEST(PipeWriter, WritesMessagesInOrder) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, in_order(pipe));
}

Task<> knows_what_has_left(PipeEnds& pipe) {
  PipeWriter writer(pipe.write, 2 * much);
  const auto first = co_await writer.write(std::string(much, 'a'));
  const auto second = co_await writer.write("b");
  EXPECT_TRUE(writer.begun(first));
  EXPECT_FALSE(writer.sent(first));
  EXPECT_FALSE(writer.begun(second));
  co_await read_bytes(pipe.read, much);
  co_await writer.flush();
  EXPECT_TRUE(writer.sent(first));
  EXPECT_TRUE(writer.sent(second));
}

TEST(PipeWriter, KnowsWhetherAMessageHasBegunToLeave) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, knows_what_has_left(pipe));
}

Task<> waits_for_room(PipeEnds& pipe) {
  PipeWriter writer(pipe.write, much);
  const auto first = co_await writer.write(std::string(much, 'a'));
  auto second = write_only(writer, std::string(much, 'b'));
  EXPECT_FALSE(co_await within(Milliseconds(5), std::move(second)));
  EXPECT_FALSE(writer.sent(first));
  co_await read_bytes(pipe.read, much);
  // The cancelled message was never queued.
  co_await writer.write("c");
  const std::string next = co_await read_bytes(pipe.read, 1);
  EXPECT_EQ(next, "c");
}

TEST(PipeWriter, WaitsForRoomAndForgetsACancelledMessage) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, waits_for_room(pipe));
}

Task<> finishes_what_it_began(PipeEnds& pipe) {
  PipeWriter writer(pipe.write);
  co_await writer.write(std::string(much, 'a'));
  auto flushing = writer.flush();
  EXPECT_FALSE(co_await within(Milliseconds(5), std::move(flushing)));
  const std::string got = co_await read_bytes(pipe.read, much);
  EXPECT_EQ(got, std::string(much, 'a'));
}

TEST(PipeWriter, FinishesAMessageWhoseCallerIsGone) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, finishes_what_it_began(pipe));
}

Task<> reports_a_closed_reader(PipeEnds& pipe) {
  PipeWriter writer(pipe.write);
  const auto ticket = co_await writer.write(std::string(much, 'a'));
  auto flushing = writer.flush();
  pipe.read.close();
  EXPECT_TRUE(co_await is_unavailable(std::move(flushing)));
  EXPECT_TRUE(writer.broken());
  EXPECT_TRUE(writer.begun(ticket));
  EXPECT_FALSE(writer.sent(ticket));
  auto another = write_only(writer, "b");
  EXPECT_TRUE(co_await is_unavailable(std::move(another)));
}

TEST(PipeWriter, SaysThatTheReaderHasGone) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, reports_a_closed_reader(pipe));
}

Task<> closes_after_the_last_byte(PipeEnds& pipe) {
  PipeWriter writer(pipe.write);
  co_await writer.write(std::string(much, 'a'));
  auto closing = [](PipeWriter& it) -> Task<> { co_await it.close(); };
  asio::co_spawn(pipe.write.get_executor(), closing(writer), asio::detached);
  co_await read_bytes(pipe.read, much);
  boost::system::error_code error;
  std::string more(1, '\0');
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_read(pipe.read, asio::buffer(more), token);
  EXPECT_EQ(error, asio::error::eof);
  auto late = write_only(writer, "b");
  EXPECT_TRUE(co_await is_unavailable(std::move(late)));
}

TEST(PipeWriter, ClosesAfterTheLastByte) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, closes_after_the_last_byte(pipe));
}

Task<> goes_in_the_middle(PipeEnds& pipe) {
  {
    PipeWriter writer(pipe.write);
    co_await writer.write(std::string(much, 'a'));
  }
  pipe.write.close();
  co_return;
}

TEST(PipeWriter, MayGoInTheMiddleOfAMessage) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, goes_in_the_middle(pipe));
}

}  // namespace
}  // namespace opsroom::process

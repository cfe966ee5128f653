#include "process/line_reader.hpp"

#include "unit/process/pipe_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <vector>

namespace opsroom::process {
namespace {

constexpr std::size_t limit = 8;
const std::string too_long = "<too long>";

/// Writes `text` in pieces of `piece` bytes, then closes.
Task<> write_pieces(asio::posix::stream_descriptor& pipe, std::string text, std::size_t piece) {
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string part = text.substr(at, piece);
    co_await asio::async_write(pipe, asio::buffer(part), asio::use_awaitable);
  }
  pipe.close();
}

Task<> read_lines(
    asio::posix::stream_descriptor& pipe, std::size_t most, std::vector<std::string>& lines
) {
  LineReader reader(pipe, most);
  while (true) {
    try {
      const auto line = co_await reader.next();
      if (!line) co_return;
      lines.push_back(*line);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::exhausted);
      lines.push_back(too_long);
    }
  }
}

std::vector<std::string> lines_of(const std::string& text, std::size_t piece, std::size_t most) {
  asio::io_context io;
  PipeEnds pipe(io);
  std::vector<std::string> lines;
  asio::co_spawn(io, write_pieces(pipe.write, text, piece), asio::detached);
  run_to_end(io, read_lines(pipe.read, most, lines));
  return lines;
}

struct Case {
  std::string name;
  std::string text;
  std::vector<std::string> lines;
};

class LineReaderTable : public testing::TestWithParam<Case> {};

TEST_P(LineReaderTable, CutsTheSameLinesWhateverThePieces) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    EXPECT_EQ(lines_of(GetParam().text, piece, limit), GetParam().lines) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Streams,
    LineReaderTable,
    testing::Values(
        Case{"Nothing", "", {}},
        Case{"OneLine", "a\n", {"a"}},
        Case{"EmptyLines", "\n\na\n\n", {"", "", "a", ""}},
        Case{"CrLf", "a\r\n\r\nb\r\n", {"a", "", "b"}},
        Case{"CarriageReturnInside", "a\rb\n", {"a\rb"}},
        Case{"TwoCarriageReturns", "a\r\r\n", {"a\r"}},
        Case{"UnfinishedRest", "a\nb", {"a", "b"}},
        Case{"NulBytes", std::string("a\0b\n", 4), {std::string("a\0b", 3)}},
        Case{"ExactlyTheLimit", "12345678\n", {"12345678"}},
        Case{"ExactlyTheLimitWithCrLf", "12345678\r\n", {"12345678"}},
        Case{"RestOfExactlyTheLimit", "12345678", {"12345678"}},
        Case{"OneByteTooLong", "123456789\na\n", {too_long, "a"}},
        Case{"OneByteTooLongWithCrLf", "123456789\r\na\n", {too_long, "a"}},
        Case{"LastByteIsNoLineEnd", "12345678\rx\na\n", {too_long, "a"}},
        Case{"MuchTooLong", std::string(100, 'x') + "\na\n", {too_long, "a"}},
        Case{"TwoTooLong", "1234567890\n1234567890\na\n", {too_long, too_long, "a"}},
        Case{"RestTooLong", "a\n123456789", {"a", too_long}},
        Case{"RestMuchTooLong", "a\n" + std::string(100, 'x'), {"a", too_long}}
    ),
    [](const auto& bundle) { return bundle.param.name; }
);

TEST(LineReader, TakesLinesOfAMebibyteInLinearTime) {
  const std::size_t size = 16u << 20;
  const auto begin = Clock::now();
  const auto lines =
      lines_of(std::string(size, 'x') + "\n" + std::string(size, 'y') + "\nz\n", 1u << 20, size);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].size(), size);
  EXPECT_EQ(lines[1].back(), 'y');
  EXPECT_EQ(lines[2], "z");
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
}

Task<> refuse_at_once(PipeEnds& pipe) {
  const std::string endless(100, 'x');
  co_await asio::async_write(pipe.write, asio::buffer(endless), asio::use_awaitable);
  LineReader reader(pipe.read, limit);
  bool refused = false;
  try {
    co_await reader.next();
  } catch (const Failure& failure) {
    refused = failure.message() == "a line is longer than 8 bytes";
  }
  EXPECT_TRUE(refused);
}

TEST(LineReader, RefusesALongLineBeforeItEnds) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, refuse_at_once(pipe));
}

Task<> cancel_in_the_middle(PipeEnds& pipe) {
  const std::string half = "hal";
  co_await asio::async_write(pipe.write, asio::buffer(half), asio::use_awaitable);
  LineReader reader(pipe.read, limit);
  auto waiting = reader.next();
  const auto nothing = co_await within(Milliseconds(1), std::move(waiting));
  EXPECT_FALSE(nothing.has_value());
  const std::string rest = "f\n";
  co_await asio::async_write(pipe.write, asio::buffer(rest), asio::use_awaitable);
  const auto line = co_await reader.next();
  EXPECT_EQ(line, "half");
}

TEST(LineReader, LosesNothingWhenItIsCancelled) {
  asio::io_context io;
  PipeEnds pipe(io);
  run_to_end(io, cancel_in_the_middle(pipe));
}

}  // namespace
}  // namespace opsroom::process

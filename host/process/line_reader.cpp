#include "process/line_reader.hpp"

#include "base/failure.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace opsroom::process {
namespace {

constexpr std::size_t read_size = 64u << 10;

std::string without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

}  // namespace

LineReader::LineReader(asio::posix::stream_descriptor& stream, std::size_t limit)
    : stream_(stream), limit_(limit) {}

Task<std::optional<std::string>> LineReader::next() {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (true) {
    if (auto line = take_line()) co_return line;
    if (ended_) co_return take_rest();
    make_room();
    const auto free = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
    end_ += co_await stream_.async_read_some(free, token);
    if (error == asio::error::eof) {
      ended_ = true;
    } else if (error == asio::error::operation_aborted) {
      throw boost::system::system_error(error);
    } else if (error) {
      throw system_failure(error.value(), "reading the output of a process");
    }
  }
}

/// A whole line, if one is there. One byte more than the limit may be a '\r' that does not count.
std::optional<std::string> LineReader::take_line() {
  while (true) {
    const void* found = std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_);
    if (!found) {
      scanned_ = end_;
      if (skipping_) begin_ = end_;
      if (end_ - begin_ > limit_ + 1) refuse();
      return std::nullopt;
    }
    const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
    const std::string_view raw(buffer_.data() + begin_, newline - begin_);
    begin_ = scanned_ = newline + 1;
    if (std::exchange(skipping_, false)) continue;
    std::string line = without_carriage_return(raw);
    if (line.size() <= limit_) return line;
    refuse();
  }
}

std::optional<std::string> LineReader::take_rest() {
  if (skipping_ || begin_ == end_) return std::nullopt;
  std::string rest(unread());
  begin_ = scanned_ = end_;
  if (rest.size() > limit_) refuse();
  return rest;
}

void LineReader::refuse() {
  // Only an unfinished line has a rest to skip; a finished one has been stepped over already.
  skipping_ = begin_ < scanned_ && scanned_ == end_;
  if (skipping_) begin_ = end_;
  throw Failure(
      Code::exhausted, fmt::format("a line is longer than {} bytes", limit_), "It was skipped."
  );
}

/// Moves the unfinished line to the front at most once per read, and grows by doubling.
void LineReader::make_room() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < read_size) buffer_.resize(std::max(2 * buffer_.size(), read_size));
  if (end_ == 0 && buffer_.size() > 16 * read_size) buffer_ = std::string(read_size, '\0');
}

}  // namespace opsroom::process

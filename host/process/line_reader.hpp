#pragma once

#include "base/async.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::process {

/// Cuts a stream into lines. Bytes are looked at once, whatever the line's length, and no more than
/// one line of the permitted size and one read are ever held. Io thread only; one reader at a time.
class LineReader {
 public:
  /// `stream` must outlive the reader. `limit` is the longest line, in bytes without its end.
  LineReader(asio::posix::stream_descriptor& stream, std::size_t limit);

  /// The next line without its "\n" or "\r\n"; what follows the last newline counts as a line;
  /// nullopt at the end of the stream. Failure{exhausted} as soon as a line is known to be longer
  /// than the limit: its rest is skipped, and the next call gives the line after it.
  /// Failure{unavailable} when the stream breaks. Cancelling loses no bytes.
  Task<std::optional<std::string>> next();

 private:
  std::optional<std::string> take_line();
  std::optional<std::string> take_rest();
  void make_room();
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  [[noreturn]] void refuse();

  asio::posix::stream_descriptor& stream_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< of the line being read
  std::size_t scanned_ = 0;  ///< no newline in [begin_, scanned_)
  std::size_t end_ = 0;      ///< of what has been read
  bool skipping_ = false;    ///< inside the rest of a line that was too long
  bool ended_ = false;
};

}  // namespace opsroom::process

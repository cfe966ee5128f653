#pragma once

#include "tools/message_channel.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// Cuts a byte stream into lines, whatever the chunks: LF or CRLF, empty lines and a leading byte
/// order mark are dropped. A line beyond the limit is not kept, only its beginning and its end.
class NdjsonSplitter {
 public:
  explicit NdjsonSplitter(std::size_t limit) : limit_(limit) {}

  void feed(std::string_view bytes);
  std::optional<Incoming> next();
  /// `next` has nothing to give.
  bool empty() const { return ready_.empty(); }
  std::size_t size() const { return ready_.size(); }
  /// A message's text that nobody needs any more: a later one gets its memory.
  void take_back(std::string text);
  /// A last line without a line break, at the end of the stream.
  void finish();

 private:
  void append(std::string_view part);
  void end_line();

  std::size_t limit_;
  std::string line_;
  std::string tail_;          ///< the last bytes of an oversize line
  std::size_t expected_ = 0;  ///< how long the last line was that came in pieces
  bool long_ = false;         ///< this one does
  bool oversize_ = false;
  bool first_ = true;
  std::deque<Incoming> ready_;
  std::vector<std::string> blanks_;
};

}  // namespace opsroom::tools

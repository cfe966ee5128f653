#pragma once

#include "base/async.hpp"
#include "tools/call_sink.hpp"
#include "tools/redactor.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools {

/// Drains a server's stderr for as long as it lives, so that it never blocks there; keeps the last
/// 64 KiB for error messages and hands whole lines to the call that is going on. Io thread only.
class StderrLog {
 public:
  static constexpr std::size_t kept = 64u << 10;

  /// `descriptor` outlives the object. Secrets that `redactor` (may be null) knows are replaced as
  /// they come, however the stream is cut.
  explicit StderrLog(
      asio::posix::stream_descriptor& descriptor, std::shared_ptr<const Redactor> redactor = nullptr
  );

  /// Reads until the end of the stream; to be run beside everything else.
  Task<> run();

  /// From now on lines go to `sink` too; null detaches.
  void attach(std::shared_ptr<CallSink> sink) { sink_ = std::move(sink); }

  /// Nothing that was written so far is still on its way.
  bool settled();

  /// The last `count` lines, printable.
  std::vector<std::string> last_lines(std::size_t count) const;

 private:
  Task<> take(std::string_view bytes);
  Task<> take_safe(std::string_view bytes);
  Task<> hand_on(std::string text);

  asio::posix::stream_descriptor& descriptor_;
  std::shared_ptr<const Redactor> redactor_;
  RedactingStream redacting_;
  std::shared_ptr<CallSink> sink_;
  std::string tail_;
  std::string unfinished_;  ///< a line whose end has not come yet
  bool ended_ = false;
  bool busy_ = false;
};

}  // namespace opsroom::tools

#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace opsroom::exec {

/// Collects a program's output into messages of whole lines, so that twenty thousand lines are a
/// few hundred messages. A message goes out when it is 20 ms old or 64 KiB long; what has no
/// newline waits for it, or for finish(). Also keeps the last lines for the result. Not
/// thread-safe.
class LineBatcher {
 public:
  using Clock = std::chrono::steady_clock;
  using Emit = std::function<void(std::string_view lines)>;

  static constexpr std::size_t longest_message = std::size_t{64} << 10;
  static constexpr std::chrono::milliseconds longest_wait{20};
  static constexpr std::size_t tail_bytes = std::size_t{16} << 10;

  /// `emit` gets printable UTF-8: lines joined with "\n", without the last one's newline.
  explicit LineBatcher(Emit emit) : emit_(std::move(emit)) {}

  void feed(std::string_view bytes, Clock::time_point now);
  /// Sends whole lines that have waited long enough.
  void tick(Clock::time_point now);
  /// Sends everything, the unfinished last line too.
  void finish();
  /// The last lines that fit 16 KiB, as printable UTF-8.
  std::string tail() const;

 private:
  void send(std::size_t size);
  void send_whole_lines();
  void keep(std::string_view bytes);

  Emit emit_;
  std::string waiting_;
  std::size_t lines_end_ = 0;  ///< behind the last newline in waiting_
  Clock::time_point since_{};
  std::string tail_;
  bool tail_cut_ = false;
};

}  // namespace opsroom::exec

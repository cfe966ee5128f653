#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

/// Cuts a byte stream into lines, whatever the chunking; accepts CRLF. Passive: the caller reads.
class LineCutter {
 public:
  static constexpr std::size_t longest_line = std::size_t{64} << 20;

  void feed(std::string_view bytes);
  /// The next complete line without its newline, or none yet.
  std::optional<std::string> next();
  /// More than longest_line bytes wait without a newline.
  bool too_long() const noexcept { return buffer_.size() - start_ > longest_line; }

 private:
  std::string buffer_;
  std::size_t start_ = 0;
  std::size_t scanned_ = 0;
};

/// The one place where messages leave, whole lines in the order they were sent. Any thread may
/// send; no lock is held while the pipe is written: what comes meanwhile, or was put aside before,
/// goes out with the next write. A client that reads slowly blocks the senders, the back-pressure a
/// chatty tool should feel.
class Outbox {
 public:
  /// So many bytes may wait for the writer before a sender waits, too.
  static constexpr std::size_t most_waiting = std::size_t{1} << 20;
  static constexpr std::size_t most_aside = std::size_t{1} << 16;
  static constexpr std::chrono::microseconds moment{500};

  /// `on_closed` runs once, on a sending thread, when the client no longer reads.
  Outbox(int fd, std::function<void()> on_closed) : fd_(fd), on_closed_(std::move(on_closed)) {}

  /// A message without its newline.
  void send(std::string line);

  /// The same for one that may wait until the next send() or flush(), so that several leave
  /// together; never blocks. False, with the line untouched, when there is no room.
  bool put_aside(std::string& line);
  void flush();
  /// Flushes what has been put aside for longer than a moment.
  void flush_old();

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void add(Lock& lock, std::string line);
  void write_out(Lock& lock);
  bool write_all(std::string_view bytes);

  const int fd_;
  const std::function<void()> on_closed_;
  std::mutex mutex_;
  std::condition_variable written_;
  std::string waiting_;
  Clock::time_point aside_since_;  ///< when waiting_ got its first line
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace opsroom::sdk

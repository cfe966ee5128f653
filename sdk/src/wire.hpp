#pragma once
#include <nlohmann/json.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

using json = nlohmann::json;

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

/// The one place where messages leave. Any thread may send; a line is never torn. A client that
/// reads slowly blocks the sender, which is the back-pressure a chatty tool should feel.
class Outbox {
 public:
  /// `on_closed` runs once, on the sending thread, when the client no longer reads.
  Outbox(int fd, std::function<void()> on_closed) : fd_(fd), on_closed_(std::move(on_closed)) {}

  void send(const json& message);

 private:
  void write_all(std::string_view bytes);

  int fd_;
  std::function<void()> on_closed_;
  std::mutex mutex_;
  bool closed_ = false;
};

}  // namespace opsroom::sdk

#pragma once

#include "base/files.hpp"
#include "base/json.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::testing {

/// What came back over the wire, chunks joined.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  std::string header(std::string_view name) const;
  Json json() const;
};

/// One message of an event stream.
struct Message {
  std::string id;
  std::string event;
  std::string data;
};

/// A plain socket to 127.0.0.1 that sends exactly what it is told (no library between the test and
/// the server, and no proxy). Every read has a deadline; passing it throws std::runtime_error.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0);

  /// False when the other side has closed.
  bool send(std::string_view bytes);
  /// Reads one response; `head_only` for HEAD. Throws when the connection ends before any byte of
  /// it.
  Answer read_answer(bool head_only = false);
  /// True when the server closes the connection before the deadline, whatever it sends before.
  bool closed_within(std::chrono::milliseconds deadline);
  void close_writing();

  /// Reads the head of a stream; then message by message (comments are collected apart).
  Answer read_stream_head();
  /// nullopt when the stream was ended properly or cut.
  std::optional<Message> next_message();
  const std::vector<std::string>& comments() const { return comments_; }
  bool ended_properly() const { return ended_properly_; }

 private:
  bool fill();
  std::string take_line();
  std::string take_bytes(std::size_t count);
  Answer read_head();
  bool fill_text();

  Fd fd_;
  std::string buffer_;
  std::string text_;  ///< of a stream, chunk framing removed
  std::vector<std::string> comments_;
  bool ended_properly_ = false;
  std::chrono::milliseconds patience_{10'000};
};

/// A request as text. `headers` are full lines without line ends; Host, and Content-Length where
/// there is a body, are added.
std::string request_text(
    std::string_view method,
    std::string_view target,
    std::uint16_t port,
    const std::vector<std::string>& headers = {},
    std::string_view body = {}
);

}  // namespace opsroom::testing

#pragma once

#include "bench/pipe_floor.hpp"

#include <string>
#include <vector>

namespace opsroom::bench {

/// The same client for every server: writes ready-made requests and cuts the answers into lines, so
/// that what is measured is the server. Legacy, since all SDKs speak it.
class RawClient {
 public:
  /// Starts the server and opens the conversation. Throws std::runtime_error.
  explicit RawClient(std::vector<std::string> server);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// One call of echo and its answer.
  void call();
  /// `count` calls, `flights` of them under way at any time.
  void calls(int count, int flights);

  std::size_t request_bytes() const { return request("10000").size(); }
  std::size_t reply_bytes() const { return last_reply_; }

 private:
  static std::string request(const std::string& id);
  void send(const std::string& line);
  void send_call();
  void take_answer();

  PipedChild child_;
  std::string unread_;
  std::size_t start_ = 0;
  std::size_t last_reply_ = 0;
  int last_id_ = 10000;
};

}  // namespace opsroom::bench

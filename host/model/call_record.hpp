#pragma once

#include "base/json.hpp"
#include "model/step.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace opsroom {

/// One request to a tool, for the audit log. Run, step, attempt and worker are known to whoever
/// stores it. Holds digests and sizes, never contents.
struct CallRecord {
  std::string tool;  ///< `<source>.<tool>`
  /// Name and version as the server says, and the protocol version; null: not known. One text for
  /// all calls of a conversation.
  std::shared_ptr<const std::string> server;
  std::string pin;              ///< digest of its tool surface as pinned; empty: not pinned
  std::string argument_sha256;  ///< of the arguments as sent
  std::chrono::system_clock::time_point started;
  std::chrono::microseconds took{0};
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  int round = 1;  ///< 2, 3 …: the call went on after input
  Delivery delivery = Delivery::not_sent;
  /// succeeded, failed, input_required, task, canceled or timed_out; the database adds interrupted,
  /// for calls whose worker was lost.
  std::string outcome;
};

}  // namespace opsroom

#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace opsroom {

/// A row of the audit log, as the database has it. What does not apply to its kind is empty.
struct AuditEntry {
  std::int64_t id = 0;
  std::string at;                  ///< ISO 8601 UTC
  std::string kind;                ///< call, cancel, decision or answer
  std::optional<std::string> who;  ///< of a call: who enqueued the run; else who did it
  RunId run;
  std::string step;
  int position = 0;
  int attempt = 0;
  std::string worker;
  std::string tool;
  std::string server;
  std::string pin;
  std::string argument_sha256;
  std::optional<std::string> started;
  std::int64_t took_us = 0;
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  int round = 0;
  std::string delivery;
  std::string outcome;
};

}  // namespace opsroom

#pragma once
#include "alarm.hpp"
#include "message.hpp"
#include "wire.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <variant>

namespace opsroom::sdk {

/// What `requests` (MCP inputRequests) need and `capabilities` of the client lack, in the form of
/// ClientCapabilities; an empty object when nothing is missing. Throws std::runtime_error for what
/// is no question at all.
json missing_capabilities(const json& requests, const json& capabilities);

/// Questions of tools put to a legacy client as requests of ours. Any thread may ask.
class Questions {
 public:
  /// MCP inputResponses, or in words why there are none.
  using Outcome = std::variant<json, std::string>;
  using Done = std::function<void(Outcome)>;
  using Ticket = std::uint64_t;

  Questions(Outbox& outbox, Alarm& alarm) : outbox_(outbox), alarm_(alarm) {}

  /// Sends all of `requests`; `done` runs once: on the thread that takes the last answer, or on the
  /// alarm's after `patience`.
  Ticket ask(const json& requests, std::chrono::milliseconds patience, Done done);

  /// A response of the client's; one that nobody waits for is dropped.
  void take(const Message& response);

  /// Nobody waits any more; `done` does not run. The client is told.
  void withdraw(Ticket ticket, const std::string& reason);

 private:
  struct Round {
    std::map<std::string, std::string> open;  ///< our request id -> key in the requests
    json responses = json::object();
    Done done;
    Alarm::Key bell;
  };

  void end(Ticket ticket, const std::string& why);
  std::map<std::string, std::string> taken_out(Ticket ticket, Done* done);
  void tell_withdrawn(const std::map<std::string, std::string>& open, const std::string& reason);

  Outbox& outbox_;
  Alarm& alarm_;
  std::mutex mutex_;
  Ticket last_ticket_ = 0;
  std::uint64_t last_id_ = 0;
  std::map<Ticket, Round> rounds_;
  std::map<std::string, Ticket> round_of_;
};

}  // namespace opsroom::sdk

#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom {

/// One thing a tool asks a person for before it can go on (MCP elicitation, form or url). What the
/// host answers by itself (roots, a configured sampling tool) never becomes one.
struct InputAsk {
  std::string key;               ///< which of the call's questions; unique in the call
  std::string method;            ///< "elicitation/create"
  Json params = Json::object();  ///< as the server sent it; untrusted
};

enum class InputAction { accept, decline, cancel };

std::string_view to_string(InputAction action);
/// Failure{invalid} names the words that are known.
InputAction input_action(std::string_view word);

struct InputReply {
  InputAction action = InputAction::cancel;
  Json content;  ///< accept of a form: an object that fits the requested schema; null otherwise
};

/// A question as the database has it.
struct InputRequest {
  InputId id;
  RunId run;
  int position = 0;  ///< of the step
  std::string step;
  std::string tool;
  InputAsk ask;
  bool live = false;  ///< the tool's process waits for the answer, at most until `expires_at`
  /// Empty while it is open, or when it ended without an answer: then `expired` says so.
  std::optional<InputReply> reply;
  bool expired = false;
  std::optional<std::string> answered_by;
  std::string created_at;
  std::optional<std::string> answered_at;
  std::optional<std::string> expires_at;

  bool open() const { return !reply && !expired; }
};

/// A call that cannot go on by itself: nothing of it runs meanwhile. `state` is all its tools need
/// to go on with it on any worker, days later; nobody else reads it.
struct Suspension {
  Json state;
  std::vector<InputAsk> asks;  ///< it goes on when all of them are answered …
  /// … or after that time, whichever comes first (a task that works elsewhere).
  std::optional<std::chrono::milliseconds> look_again;
  std::string why;  ///< for people: "server 'x' asks for a name"
  /// Something works on it meanwhile, out of our reach: who ends the run has to say so there.
  bool elsewhere = false;
};

}  // namespace opsroom

#pragma once

#include "base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace opsroom {

/// `interrupted`: the call was sent and its outcome is unknown. A finished step never runs again.
enum class StepStatus {
  pending,
  running,
  waiting,
  succeeded,
  failed,
  skipped,
  canceled,
  interrupted
};

std::string_view to_string(StepStatus status);
StepStatus step_status(std::string_view word);
bool is_finished(StepStatus status);

/// What became of a call to a tool, as far as can be known.
enum class Delivery {
  not_sent,  ///< no byte left the host: safe to send again
  rejected,  ///< the tool refused it before acting (unknown tool, bad arguments)
  answered,  ///< there is an answer, good or bad
  unknown,   ///< sent, and then silence: it may or may not have happened
};

std::string_view to_string(Delivery delivery);

/// One step of a run as the database has it.
struct Step {
  int position = 0;  ///< 1, 2, 3 … in the plan
  std::string id;    ///< the runbook's name for it
  std::string tool;
  StepStatus status = StepStatus::pending;
  int attempt = 0;  ///< of the run: which claim it was run under
  int tries = 0;    ///< how often its call was begun; going on with one that waited is none
  Json arguments;   ///< resolved
  Json output;      ///< what later steps may read; null until answered
  Json resume;      ///< waiting: what its tools need to go on with the call; null otherwise
  std::optional<std::string> delivery;
  std::optional<std::string> error;
  std::optional<std::string> hint;
  std::optional<std::string> started_at;
  std::optional<std::string> finished_at;
};

}  // namespace opsroom

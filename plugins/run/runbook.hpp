#pragma once
#include "control_room.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>

namespace opsroom::plugins::run {

struct RunbookArgs {
  std::optional<std::string> runbook;
  std::optional<std::string> intent;
  std::string lane;
  tool::json inputs = tool::json::object();
  std::optional<std::int64_t> session;
  std::optional<int> priority;
  std::optional<std::string> key;
  bool wait = true;
  bool check = true;
  double timeout_seconds = 3600;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("runbook", &RunbookArgs::runbook, "Its name in the library"),
        tool::field("intent", &RunbookArgs::intent, "Or: a sentence that picks one"),
        tool::field("lane", &RunbookArgs::lane, "The lane to run it in: not this run's own")
            .not_empty(),
        tool::option("inputs", &RunbookArgs::inputs, "Its inputs"),
        tool::field("session", &RunbookArgs::session, "The session's id; none: this run's own")
            .at_least(1),
        tool::field("priority", &RunbookArgs::priority, "0 is first, 100 usual")
            .at_least(0)
            .at_most(32767),
        tool::field("key", &RunbookArgs::key, "Instead of this step's own: what makes it the same"),
        tool::field("wait", &RunbookArgs::wait, "false: return as soon as it is queued"),
        tool::field("check", &RunbookArgs::check, "Fail the call unless the run succeeds"),
        tool::field("timeout_seconds", &RunbookArgs::timeout_seconds, "After that it is canceled")
            .at_least(0.1)
            .at_most(604800)
    );
  }
};

/// How the other run ended, or where it stands.
struct RunbookResult {
  std::int64_t run = 0;
  std::int64_t session = 0;
  std::string lane;
  std::string runbook;
  std::string status;
  std::optional<std::string> error;
  std::optional<std::string> hint;
  std::map<std::string, tool::json> outputs;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("run", &RunbookResult::run, "Its id"),
        tool::field("session", &RunbookResult::session, "Its session's id"),
        tool::field("lane", &RunbookResult::lane, "Its lane"),
        tool::field("runbook", &RunbookResult::runbook, "The runbook's name"),
        tool::field("status", &RunbookResult::status, "succeeded, failed, canceled, queued ..."),
        tool::field("error", &RunbookResult::error, "Why it failed"),
        tool::field("hint", &RunbookResult::hint, "What helps"),
        tool::field("outputs", &RunbookResult::outputs, "The output of each step, by its id")
    );
  }
};

/// Starts a run, or finds the one that an earlier try of the same step has started, and waits for
/// its end.
tool::Outcome<RunbookResult> runbook(
    const RunbookArgs& args, const Settings& settings, tool::Call& call
);

}  // namespace opsroom::plugins::run

#pragma once

#include "base/stop.hpp"
#include "cli/books.hpp"
#include "model/event.hpp"

#include <functional>

namespace opsroom::cli {

/// Hands a run's events to `on_event` from the beginning (after number `after`), in order, each
/// once, until the run has ended (or waits for a decision about an interrupted step; a question
/// of a tool is waited out), and returns the run as it is then. While
/// the database is away it keeps trying and says so once. Without `until_end` it returns when
/// everything that is there was handed over; a requested `stop` (which must outlive it) ends it
/// early.
Task<Run> follow_run(
    Books books,
    RunId run,
    std::int64_t after,
    bool until_end,
    std::function<void(const Event&)> on_event,
    Stop* stop = nullptr
);

/// One event as lines for a terminal, without a line break at the end; empty for what isn't shown.
std::string event_text(const Event& event, bool colour);

/// The exit code that says how a run ended.
int exit_code_of(RunStatus status);

}  // namespace opsroom::cli

#pragma once

#include "model/input.hpp"
#include "model/step.hpp"
#include "runbook/plan.hpp"

#include <optional>

namespace opsroom::engine {

/// How long to wait before a step that has just failed is tried again; none when it is not to be.
/// What may have happened is repeated only when `may_be_repeated`: whoever knows that it does no
/// harm has said so.
std::optional<std::chrono::milliseconds> pause_before_next_try(
    const runbook::Retry& retry, const Step& failed, bool may_be_repeated
);

/// Lays the run down until then; `step` becomes what its row is to say.
Suspension lay_down_for_retry(
    Step& step, const runbook::Retry& retry, std::chrono::milliseconds pause
);

/// Nothing waits for this step's call but its next try.
bool waits_for_next_try(const Step& step);

}  // namespace opsroom::engine

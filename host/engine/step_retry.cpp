#include "engine/step_retry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::engine {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds longest_pause = std::chrono::hours(1);
constexpr int most_doublings = 30;

}  // namespace

std::optional<Milliseconds> pause_before_next_try(
    const runbook::Retry& retry, const Step& failed, bool may_be_repeated
) {
  if (failed.status != StepStatus::failed || failed.tries >= retry.attempts) return std::nullopt;
  const bool unknown = !failed.delivery || *failed.delivery == to_string(Delivery::unknown);
  if (unknown && !may_be_repeated) return std::nullopt;
  // Twice as long each time, but never longer than an hour unless the runbook itself says so.
  const auto doubled =
      retry.backoff * (std::int64_t{1} << std::clamp(failed.tries - 1, 0, most_doublings));
  return std::min<Milliseconds>(doubled, std::max(retry.backoff, longest_pause));
}

Suspension lay_down_for_retry(Step& step, const runbook::Retry& retry, Milliseconds pause) {
  const std::chrono::duration<double> seconds = pause;
  Suspension suspension;
  suspension.look_again = pause;
  suspension.why = fmt::format(
      "step '{}' failed{}{}; try {} of {} follows in {:g} s",
      step.id,
      step.error ? ": " : "",
      step.error.value_or(""),
      step.tries + 1,
      retry.attempts,
      seconds.count()
  );
  step.status = StepStatus::waiting;
  step.resume = {{"retry", step.tries + 1}};
  return suspension;
}

bool waits_for_next_try(const Step& step) {
  return step.resume.is_object() && step.resume.contains("retry");
}

}  // namespace opsroom::engine

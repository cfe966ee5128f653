#include "model/run.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace opsroom {
namespace {

using enum RunStatus;

constexpr std::array<std::pair<RunStatus, std::string_view>, 8> names{{
    {scheduled, "scheduled"},
    {blocked, "blocked"},
    {queued, "queued"},
    {running, "running"},
    {waiting, "waiting"},
    {succeeded, "succeeded"},
    {failed, "failed"},
    {canceled, "canceled"},
}};

constexpr std::array<std::pair<RunStatus, RunStatus>, 17> moves{{
    {scheduled, blocked},
    {scheduled, queued},
    {scheduled, canceled},
    {blocked, queued},
    {blocked, canceled},
    {queued, blocked},  // a newcomer of higher priority takes the head of the lane
    {queued, running},
    {queued, canceled},
    {running, queued},  // drain or lost lease
    {running, waiting},
    {running, succeeded},
    {running, failed},
    {running, canceled},
    {waiting, queued},
    {waiting, running},  // a question of a tool at work was answered
    {waiting, failed},
    {waiting, canceled},
}};

}  // namespace

std::string_view to_string(RunStatus status) {
  for (const auto& [value, name] : names) {
    if (value == status) return name;
  }
  return "unknown";
}

RunStatus run_status(std::string_view word) {
  for (const auto& [value, name] : names) {
    if (name == word) return value;
  }
  throw Failure(Code::invalid, fmt::format("'{}' is not a run status", word));
}

bool is_terminal(RunStatus status) {
  return status == succeeded || status == failed || status == canceled;
}

bool is_active(RunStatus status) {
  return status == queued || status == running || status == waiting;
}

std::span<const std::pair<RunStatus, RunStatus>> run_transitions() {
  return moves;
}

bool may_move(RunStatus from, RunStatus to) {
  return std::find(moves.begin(), moves.end(), std::pair{from, to}) != moves.end();
}

}  // namespace opsroom

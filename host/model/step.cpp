#include "model/step.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace opsroom {
namespace {

using enum StepStatus;

constexpr std::array<std::pair<StepStatus, std::string_view>, 8> names{{
    {pending, "pending"},
    {running, "running"},
    {waiting, "waiting"},
    {succeeded, "succeeded"},
    {failed, "failed"},
    {skipped, "skipped"},
    {canceled, "canceled"},
    {interrupted, "interrupted"},
}};

}  // namespace

std::string_view to_string(StepStatus status) {
  for (const auto& [value, name] : names) {
    if (value == status) return name;
  }
  return "unknown";
}

StepStatus step_status(std::string_view word) {
  for (const auto& [value, name] : names) {
    if (name == word) return value;
  }
  throw Failure(Code::invalid, fmt::format("'{}' is not a step status", word));
}

bool is_finished(StepStatus status) {
  return status == succeeded || status == failed || status == skipped || status == canceled;
}

std::string_view to_string(Delivery delivery) {
  switch (delivery) {
    case Delivery::not_sent:
      return "not_sent";
    case Delivery::rejected:
      return "rejected";
    case Delivery::answered:
      return "answered";
    case Delivery::unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace opsroom

#include "process/trust.hpp"

namespace opsroom::process {

void Trust::renew(Clock::time_point until) {
  until_ = until;
  for (const auto& covered : children_) {
    if (const auto child = covered.lock()) child->trust_for(until - Clock::now());
  }
}

std::optional<Clock::duration> Trust::left() const {
  if (!until_) return std::nullopt;
  return *until_ - Clock::now();
}

void Trust::cover(const std::shared_ptr<ChildProcess>& child) {
  std::erase_if(children_, [](const auto& covered) { return covered.expired(); });
  children_.push_back(child);
  if (until_) child->trust_for(*until_ - Clock::now());
}

}  // namespace opsroom::process

#include "base/wall_clock.hpp"

namespace opsroom {

WallClock::Time WallClock::at(Clock::time_point moment) {
  if (!looked_ || moment - looked_at_ >= term) {
    looked_ = true;
    looked_at_ = moment;
    seen_ = read_();
  }
  return seen_ + std::chrono::duration_cast<Time::duration>(moment - looked_at_);
}

}  // namespace opsroom

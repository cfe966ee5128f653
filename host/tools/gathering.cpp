#include "tools/gathering.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::tools {

Clock::duration Gathering::pause(std::size_t messages, std::size_t awaited, Clock::time_point now) {
  if (messages == 0) return {};
  const Clock::duration since = now - std::exchange(last_, now);
  if (awaited < many || since > silence) {
    begin(Stage::without, false);
    return {};
  }
  counted_ += messages;
  spent_ += since;
  if (counted_ >= (stage_ == Stage::better ? term : trial)) end_stage();
  const std::size_t enough = awaited / 4;
  if (!pausing_ || messages >= enough) return {};
  return wait_for(enough);
}

bool Gathering::pauses(std::size_t awaited) const {
  return pausing_ && wait_for(awaited / 4) > Clock::duration::zero();
}

Clock::duration Gathering::wait_for(std::size_t answers) const {
  const Clock::duration pause = std::min<Clock::duration>(each_ * answers, longest);
  return pause < shortest ? Clock::duration::zero() : pause;
}

void Gathering::begin(Stage stage, bool pausing) {
  stage_ = stage;
  pausing_ = pausing;
  counted_ = 0;
  spent_ = {};
}

void Gathering::end_stage() {
  const Clock::duration each = spent_ / counted_;
  switch (stage_) {
    case Stage::without:
      each_ = each;
      begin(each > slow ? Stage::better : Stage::with, each <= slow);
      break;
    case Stage::with:
      begin(Stage::better, each < each_ - each_ / 20);
      break;
    case Stage::better:
      begin(Stage::without, false);
      break;
  }
}

}  // namespace opsroom::tools

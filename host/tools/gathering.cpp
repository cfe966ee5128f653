#include "tools/gathering.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::tools {

Clock::duration Gathering::pause(std::size_t messages, std::size_t awaited, Clock::time_point now) {
  if (messages == 0) return {};
  const Clock::duration since = now - std::exchange(last_, now);
  const std::size_t enough = awaited / 4;
  if (awaited < many || messages >= enough) return {};
  const Clock::duration each = since / messages;
  if (each > slow) return {};
  const Clock::duration pause = std::min<Clock::duration>(each * enough, longest);
  return pause < shortest ? Clock::duration::zero() : pause;
}

}  // namespace opsroom::tools

#include "tools/breaker.hpp"

#include "tools/config_section.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

constexpr Clock::duration first_delay = std::chrono::milliseconds(250);

}  // namespace

void Breaker::note_death(Clock::time_point now, Clock::duration lived, std::string last_words) {
  last_words_ = std::move(last_words);
  if (lived >= limits_.grown_up) {
    deaths_.clear();
    in_vain_ = 0;
    pause_ = Clock::duration::zero();
  }
  ++in_vain_;
  deaths_.push_back(now);
  while (deaths_.front() + limits_.window < now)
    deaths_.pop_front();
  const bool was_trial = pause_ > Clock::duration::zero();
  if (was_trial) {
    pause_ = std::min(limits_.longest_pause, 2 * pause_);
  } else if (deaths_.size() >= limits_.deaths) {
    pause_ = limits_.first_pause;
  }
  until_ = now + (pause_ > Clock::duration::zero() ? pause_ : delay());
}

Clock::duration Breaker::delay() const {
  if (deaths_.size() <= 1) return Clock::duration::zero();
  return first_delay * (1 << std::min<std::size_t>(deaths_.size() - 2, 10));
}

Failure Breaker::refusal(const std::string& title, Clock::time_point now) const {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(until_ - now);
  return Failure(
      Code::unavailable,
      fmt::format(
          "{} keeps failing and is left alone for now; it was started {} times in vain, the last "
          "time: {}",
          title,
          in_vain_,
          last_words_
      ),
      fmt::format("The next try is in {}, with the first call then.", duration_text(seconds)),
      true
  );
}

}  // namespace opsroom::tools

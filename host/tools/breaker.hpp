#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"

#include <deque>
#include <string>

namespace opsroom::tools {

/// Decides when a server that keeps dying is started again: at once after the first death, then
/// after growing delays; after too many deaths in a row not at all for a pause, in which calls fail
/// at once. The start after the pause is a trial: another death opens it anew, for longer. Knows
/// neither clock nor process.
class Breaker {
 public:
  struct Limits {
    std::size_t deaths = 5;                             ///< so many …
    Clock::duration window = std::chrono::seconds(60);  ///< … within that time, each of them young:
    Clock::duration grown_up = std::chrono::seconds(60);  ///< lived shorter than that
    Clock::duration first_pause = std::chrono::seconds(10);
    Clock::duration longest_pause = std::chrono::minutes(10);
  };

  explicit Breaker(Limits limits) : limits_(limits) {}

  /// It died, or could not be started. `last_words` say how, for people.
  void note_death(Clock::time_point now, Clock::duration lived, std::string last_words);

  /// Calls are refused at this time.
  bool open(Clock::time_point now) const {
    return pause_ > Clock::duration::zero() && now < until_;
  }
  /// Before this time it is not started.
  Clock::time_point next_start() const { return until_; }

  /// Why it is open and until when: last exit, stderr, next try.
  Failure refusal(const std::string& title, Clock::time_point now) const;

 private:
  Clock::duration delay() const;

  Limits limits_;
  std::deque<Clock::time_point> deaths_;  ///< young ones in a row, within the window
  std::size_t in_vain_ = 0;               ///< starts since it last lived long
  Clock::duration pause_{};               ///< of the last opening; zero: closed
  Clock::time_point until_{};
  std::string last_words_;
};

}  // namespace opsroom::tools

#pragma once

#include "base/async.hpp"

namespace opsroom::tools {

/// How long what a peer writes may lie in the pipe. A peer that answers many calls one by one would
/// pay for waking us with each of its answers, which costs it more than writing them. It has enough
/// to do meanwhile: no more is left to gather than a quarter of what is awaited.
class Gathering {
 public:
  static constexpr std::size_t many = 8;  ///< awaited answers; with fewer each is fetched at once
  static constexpr Clock::duration longest = std::chrono::milliseconds(1);
  static constexpr Clock::duration shortest = std::chrono::microseconds(50);
  /// An answer in so long is not worth gathering: waking costs little beside it.
  static constexpr Clock::duration slow = std::chrono::microseconds(250);

  /// After a read that brought `messages`, with `awaited` more to come.
  Clock::duration pause(
      std::size_t messages, std::size_t awaited, Clock::time_point now = Clock::now()
  );

 private:
  Clock::time_point last_{};
};

}  // namespace opsroom::tools

#pragma once

#include "base/async.hpp"

namespace opsroom::tools {

/// How long what a peer writes may lie in the pipe. A peer that answers many calls one by one pays
/// for waking us with each of its answers, some more than for writing them; it has enough to do
/// meanwhile, so a quarter of what is awaited may gather. Another peer answers in bursts and would
/// be kept waiting by that, so both ways are tried, and the better one kept for a while.
class Gathering {
 public:
  static constexpr std::size_t many = 8;  ///< awaited answers; with fewer each is fetched at once
  static constexpr Clock::duration longest = std::chrono::milliseconds(1);
  static constexpr Clock::duration shortest = std::chrono::microseconds(50);
  /// Answers that come no faster are not worth gathering: waking costs little beside them.
  static constexpr Clock::duration slow = std::chrono::microseconds(250);
  /// After such a silence everything is judged anew.
  static constexpr Clock::duration silence = std::chrono::milliseconds(20);
  static constexpr std::size_t trial = 256;  ///< answers by which one way is judged
  static constexpr std::size_t term = 4096;  ///< for which the better one is kept

  /// After a read that brought `messages`, with `awaited` more to come.
  Clock::duration pause(
      std::size_t messages, std::size_t awaited, Clock::time_point now = Clock::now()
  );

  /// With so many `awaited`, a read that brings few is followed by a pause.
  bool pauses(std::size_t awaited) const;

 private:
  enum class Stage { without, with, better };

  Clock::duration wait_for(std::size_t answers) const;
  void begin(Stage stage, bool pausing);
  void end_stage();

  Stage stage_ = Stage::without;
  bool pausing_ = false;
  std::size_t counted_ = 0;  ///< messages of this stage
  Clock::duration spent_{};
  Clock::duration each_{};  ///< what an answer took without pauses
  Clock::time_point last_{};
};

}  // namespace opsroom::tools

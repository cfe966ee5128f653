#pragma once

#include "base/async.hpp"

#include <memory>

namespace opsroom::tools {

/// Keeps the io thread awake for a moment after a request has left, when the peer has lately been
/// quick: being woken from sleep costs several times what such an answer takes. Everything else
/// goes on meanwhile, since the thread only looks for work instead of waiting for it. A peer that
/// is not quick costs such a moment ever more rarely. Io thread only.
class Vigil : public std::enable_shared_from_this<Vigil> {
 public:
  /// How long an answer is looked for: a few times what a quick server takes, and little beside
  /// what starts and ends a step.
  static constexpr Clock::duration patience = std::chrono::microseconds(50);
  /// An answer that was slept through counts as quick up to here: most of it is the waking.
  static constexpr Clock::duration quick = std::chrono::microseconds(200);
  static constexpr int most_skipped = 1024;

  explicit Vigil(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// A message has left.
  void sent(Clock::time_point now = Clock::now());
  /// One has come.
  void heard(Clock::time_point now = Clock::now());
  /// Nobody waits any more.
  void end() { expecting_ = false; }

  bool watching() const { return watching_; }

 private:
  void look();
  void look_again();

  asio::any_io_executor executor_;
  Clock::time_point sent_at_;
  bool expecting_ = false;
  bool quick_ = false;
  bool watching_ = false;
  int skip_ = 0;     ///< so many messages leave without a vigil
  int penalty_ = 1;  ///< what the next miss adds
};

}  // namespace opsroom::tools

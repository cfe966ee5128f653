#pragma once
#include <chrono>
#include <poll.h>
#include <span>

namespace opsroom::sdk {

/// Waits for the client's next message, looking for it for a moment before it sleeps: being woken
/// costs several times what a short call takes. Only a client that has lately been quick is looked
/// out for, and ever more rarely one that is not, or that shares a processor others want.
class Lookout {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long it looks: several times what a quick client takes.
  static constexpr Clock::duration patience = std::chrono::microseconds(100);
  /// What was slept through counts as quick up to here: most of it is the waking.
  static constexpr Clock::duration quick = std::chrono::microseconds(200);
  static constexpr int most_skipped = 1024;

  /// As poll() without a time limit. One thread at a time.
  int wait(std::span<pollfd> fds);

  // What it goes by; wait() tells itself.

  /// Whether to look before the next sleep; asked once for each wait.
  bool worth_it();
  /// Something came while it looked.
  void saw() { penalty_ = 1; }
  /// Looking was for nothing, and took so long.
  void missed(Clock::duration after);
  /// Something came while it slept, so long after the wait began.
  void woke(Clock::duration after) { quick_ = after < quick; }

 private:
  bool quick_ = false;
  int skip_ = 0;     ///< so many waits are slept from their beginning
  int penalty_ = 1;  ///< what the next miss adds
};

}  // namespace opsroom::sdk

#include "lookout.hpp"

#include <algorithm>
#include <sched.h>

namespace opsroom::sdk {

int Lookout::wait(std::span<pollfd> fds) {
  const auto begin = Clock::now();
  if (worth_it()) {
    auto now = begin;
    while (now - begin < patience) {
      if (const int ready = ::poll(fds.data(), fds.size(), 0); ready != 0) {
        saw();
        return ready;
      }
      // The client may be waiting for the very processor we look from.
      ::sched_yield();
      now = Clock::now();
    }
    missed(now - begin);
  }
  const int ready = ::poll(fds.data(), fds.size(), -1);
  woke(Clock::now() - begin);
  return ready;
}

bool Lookout::worth_it() {
  if (!quick_) return false;
  if (skip_ == 0) return true;
  --skip_;
  return false;
}

void Lookout::missed(Clock::duration after) {
  // Yielding that takes so long means that somebody else has work for this processor.
  if (after >= quick) penalty_ = most_skipped;
  skip_ = penalty_;
  penalty_ = std::min(2 * penalty_, most_skipped);
}

}  // namespace opsroom::sdk

#include "tools/vigil.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <thread>

namespace opsroom::tools {

void Vigil::sent(Clock::time_point now) {
  sent_at_ = now;
  expecting_ = true;
  if (!quick_ || watching_) return;
  if (skip_ > 0) {
    --skip_;
    return;
  }
  watching_ = true;
  look_again();
}

void Vigil::heard(Clock::time_point now) {
  if (!expecting_) return;
  expecting_ = false;
  quick_ = now - sent_at_ < quick;
  if (watching_ && now - sent_at_ < patience) penalty_ = 1;
}

void Vigil::look() {
  const auto now = Clock::now();
  if (expecting_ && now - sent_at_ < patience) {
    // The peer may be waiting for the very processor we look from.
    std::this_thread::yield();
    look_again();
    return;
  }
  watching_ = false;
  if (!expecting_) return;
  skip_ = penalty_;
  penalty_ = std::min(2 * penalty_, most_skipped);
}

void Vigil::look_again() {
  asio::post(executor_, [self = shared_from_this()]() { self->look(); });
}

}  // namespace opsroom::tools

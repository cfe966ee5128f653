#include "tools/bell.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace opsroom::tools {

Bell::Bell(asio::any_io_executor executor, std::function<void()> on_ring)
    : executor_(std::move(executor)), on_ring_(std::move(on_ring)) {}

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  if (!on_ring_ || ringing_) return;
  ringing_ = true;
  asio::post(executor_, [self = shared_from_this()] { self->sound(); });
}

void Bell::sound() {
  std::function<void()> on_ring;
  {
    const std::lock_guard lock(mutex_);
    ringing_ = false;
    on_ring = on_ring_;
  }
  if (on_ring) on_ring();
}

void Bell::take_down() {
  const std::lock_guard lock(mutex_);
  on_ring_ = nullptr;
}

}  // namespace opsroom::tools

#pragma once

#include "base/async.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace opsroom::tools {

/// Wakes the io thread from any other, as often as needed and no more; once it is taken down,
/// threads that nobody can wait for ring in vain instead of at something that is gone.
class Bell : public std::enable_shared_from_this<Bell> {
 public:
  /// `on_ring` is called on the io thread.
  Bell(asio::any_io_executor executor, std::function<void()> on_ring);

  /// Any thread. What was done before is seen by `on_ring`.
  void ring();
  /// Io thread; `on_ring` is not called any more, and the executor not used.
  void take_down();

 private:
  void sound();

  asio::any_io_executor executor_;
  std::mutex mutex_;
  std::function<void()> on_ring_;
  bool ringing_ = false;
};

}  // namespace opsroom::tools

#pragma once
#include <mutex>
#include <opsroom/beneath.hpp>
#include <vector>

namespace opsroom::sdk {

/// Event descriptors for calls to be cancelled by, kept for the next call while they are unused.
class CancelFds {
 public:
  /// Throws std::system_error.
  Fd take();
  /// One that was never signalled.
  void give_back(Fd fd);

 private:
  static constexpr std::size_t most_kept = 64;
  std::mutex mutex_;
  std::vector<Fd> kept_;
};

}  // namespace opsroom::sdk

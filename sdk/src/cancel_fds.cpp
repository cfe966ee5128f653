#include "cancel_fds.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace opsroom::sdk {

Fd CancelFds::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      Fd fd = std::move(kept_.back());
      kept_.pop_back();
      return fd;
    }
  }
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

void CancelFds::give_back(Fd fd) {
  const std::lock_guard lock(mutex_);
  if (kept_.size() < most_kept) kept_.push_back(std::move(fd));
}

}  // namespace opsroom::sdk

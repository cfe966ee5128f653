#include "signals.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace opsroom::sdk {
namespace {

// A signal handler can reach nothing but globals.
std::atomic<int> wake_fd{-1};
std::atomic<int> exit_code{0};

extern "C" void on_signal(int signal) {
  const int saved = errno;
  leave_with(128 + signal);
  errno = saved;
}

}  // namespace

void watch_signals() {
  if (wake_fd < 0) {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    wake_fd = fd;
  }
  struct sigaction leave{};
  leave.sa_handler = on_signal;
  leave.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &leave, nullptr);
  ::sigaction(SIGINT, &leave, nullptr);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

int leave_fd() noexcept {
  return wake_fd;
}

int leave_code() noexcept {
  return exit_code;
}

void leave_with(int code) noexcept {
  exit_code = code;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd, &one, sizeof one);
}

}  // namespace opsroom::sdk

#include "cli/terminal_input.hpp"

#include "base/failure.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace opsroom::cli {

TerminalInput::TerminalInput() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw system_failure(errno, "eventfd");
}

bool TerminalInput::is_there() {
  return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
}

void TerminalInput::interrupt() {
  eventfd_write(wake_.get(), 1);
}

void TerminalInput::reset() {
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
}

TerminalInput::int_type TerminalInput::underflow() {
  std::array<pollfd, 2> both{{{STDIN_FILENO, POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  while (true) {
    if (::poll(both.data(), both.size(), -1) < 0 && errno != EINTR) return traits_type::eof();
    if (both[1].revents != 0) return traits_type::eof();
    if (both[0].revents == 0) continue;
    const ssize_t got = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
    return traits_type::to_int_type(buffer_.front());
  }
}

}  // namespace opsroom::cli

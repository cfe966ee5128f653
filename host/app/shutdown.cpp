#include "app/shutdown.hpp"

#include <csignal>
#include <unistd.h>
#include <utility>

namespace opsroom::app {

ShutdownSignals::ShutdownSignals(
    asio::any_io_executor executor, std::function<void(int times)> on_signal
)
    : signals_(executor, SIGINT, SIGTERM), on_signal_(std::move(on_signal)) {
  wait();
}

void ShutdownSignals::cancel() {
  signals_.cancel();
}

void ShutdownSignals::wait() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    on_signal_(++times_);
    wait();
  });
}

namespace {

bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool has_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

}  // namespace

HangupSignal::HangupSignal(
    asio::any_io_executor executor,
    std::function<void()> on_reread,
    std::function<void()> on_terminal_gone
)
    : signals_(executor),
      on_reread_(std::move(on_reread)),
      on_terminal_gone_(std::move(on_terminal_gone)),
      had_terminal_(has_terminal()) {
  if (is_ignored(SIGHUP)) return;
  signals_.add(SIGHUP);
  wait();
}

void HangupSignal::cancel() {
  signals_.cancel();
}

void HangupSignal::wait() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    // A terminal that was hung up is none any more.
    const bool gone = had_terminal_ && !has_terminal();
    (gone ? on_terminal_gone_ : on_reread_)();
    wait();
  });
}

}  // namespace opsroom::app

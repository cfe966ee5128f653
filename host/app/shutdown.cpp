#include "app/shutdown.hpp"

#include <csignal>

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

}  // namespace opsroom::app

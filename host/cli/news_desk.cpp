#include "cli/news_desk.hpp"

namespace opsroom::cli {

NewsDesk::NewsDesk(asio::any_io_executor executor, Wakeups& wakeups) : executor_(executor) {
  wakeups.on_events([this](RunId run) { tell(run); });
}

std::shared_ptr<Signal> NewsDesk::subscribe(RunId run) {
  auto signal = std::make_shared<Signal>(executor_);
  followers_.emplace(run, signal);
  return signal;
}

void NewsDesk::tell(RunId run) {
  auto [follower, end] = followers_.equal_range(run);
  while (follower != end) {
    const auto signal = follower->second.lock();
    if (signal) signal->notify();
    follower = signal ? std::next(follower) : followers_.erase(follower);
  }
}

}  // namespace opsroom::cli

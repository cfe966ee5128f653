#include "web/event_hub.hpp"

#include <algorithm>

namespace opsroom::web {

void Subscriber::tell(RunId run) {
  news_.insert(run);
  timer_.cancel();
}

void Subscriber::wake() {
  woken_ = true;
  timer_.cancel();
}

Task<std::set<RunId>> Subscriber::wait(Clock::duration patience) {
  if (news_.empty() && !woken_) {
    boost::system::error_code ignored;
    timer_.expires_after(patience);
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
  }
  woken_ = false;
  co_return std::exchange(news_, {});
}

std::shared_ptr<EventHub> EventHub::make(asio::any_io_executor executor, Wakeups& wakeups) {
  std::shared_ptr<EventHub> hub(new EventHub(std::move(executor)));
  wakeups.on_events([weak = std::weak_ptr<EventHub>(hub)](RunId run) {
    if (const auto alive = weak.lock()) alive->tell(run);
  });
  return hub;
}

std::shared_ptr<Subscriber> EventHub::subscribe(std::function<bool(RunId)> wants) {
  std::erase_if(entries_, [](const Entry& entry) { return entry.subscriber.expired(); });
  auto subscriber = std::make_shared<Subscriber>(executor_);
  entries_.push_back(Entry{subscriber, std::move(wants)});
  return subscriber;
}

void EventHub::tell(RunId run) {
  for (const Entry& entry : entries_) {
    const auto subscriber = entry.subscriber.lock();
    if (subscriber && entry.wants(run)) subscriber->tell(run);
  }
}

std::size_t EventHub::subscribers() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(),
      entries_.end(),
      [](const Entry& entry) { return !entry.subscriber.expired(); }
  ));
}

}  // namespace opsroom::web

#include "alarm.hpp"

namespace opsroom::sdk {

Alarm::Key Alarm::set(Clock::duration after, std::function<void()> then) {
  const std::lock_guard lock(mutex_);
  const Key key{Clock::now() + after, ++last_};
  due_.emplace(key, std::move(then));
  if (!thread_.joinable() && !over_) thread_ = std::thread([this] { watch(); });
  changed_.notify_all();
  return key;
}

void Alarm::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  due_.erase(key);
}

void Alarm::stop() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Alarm::watch() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Key first = due_.begin()->first;
    if (Clock::now() < first.first) {
      changed_.wait_until(lock, first.first);
      continue;
    }
    auto then = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    lock.unlock();
    then();
    lock.lock();
  }
}

}  // namespace opsroom::sdk

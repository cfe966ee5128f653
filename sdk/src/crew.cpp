#include "crew.hpp"

#include <system_error>
#include <thread>

namespace opsroom::sdk {

void Crew::start() {
  const std::lock_guard lock(mutex_);
  add_member();
}

/// With the mutex held.
void Crew::add_member() {
  std::thread([this] { serve(); }).detach();
  ++members_;
}

void Crew::serve() {
  std::unique_lock lock(mutex_);
  const Member me = ++last_member_;
  while (win_the_lead(lock, me)) {
    lock.unlock();
    const bool more = lead_();
    lock.lock();
    if (more) continue;
    over_ = true;
    watching_.notify_all();
    sparing_.notify_all();
  }
  --members_;
  // Notified under the lock: the crew may be gone as soon as it is released.
  left_.notify_all();
}

void Crew::hand_over() {
  const std::lock_guard lock(mutex_);
  leader_ = nobody;
  ++handed_over_;
  if (dormant_) watching_.notify_one();
  if (watcher_ != nobody || spares_ > 0) return;
  try {
    add_member();
  } catch (const std::system_error&) {
    // No thread left for us: then calls wait for each other, which is better than failing them.
  }
}

bool Crew::before_the_lead(const std::function<bool()>& act) {
  const std::lock_guard lock(mutex_);
  return leader_ == nobody && !over_ && act();
}

bool Crew::finish(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  over_ = true;
  watching_.notify_all();
  sparing_.notify_all();
  return left_.wait_for(lock, patience, [this] { return members_ == 0; });
}

/// Returns with the lead; false when this thread is to leave.
bool Crew::win_the_lead(std::unique_lock<std::mutex>& lock, Member me) {
  int quiet = 0;
  while (!over_) {
    if (leader_ == nobody && watcher_ != me) leader_ = me;
    if (leader_ == me) return true;
    if (!become_watcher(lock, me)) return false;
    const std::uint64_t before = handed_over_;
    const bool free_before = leader_ == nobody;
    watch_for_a_moment(lock, quiet);
    if (handed_over_ != before) {
      quiet = 0;
    } else if (free_before && leader_ == nobody && !over_) {
      leader_ = me;
      watcher_ = nobody;
      sparing_.notify_one();
    }
  }
  if (watcher_ == me) watcher_ = nobody;
  return false;
}

/// Waits for that place; false when there are enough who do, or nothing is left to watch.
bool Crew::become_watcher(std::unique_lock<std::mutex>& lock, Member me) {
  if (watcher_ == me) return true;
  if (watcher_ != nobody) {
    if (spares_ >= most_spares) return false;
    ++spares_;
    sparing_.wait(lock, [this] { return over_ || watcher_ == nobody; });
    --spares_;
  }
  watcher_ = me;
  return true;
}

void Crew::watch_for_a_moment(std::unique_lock<std::mutex>& lock, int& quiet) {
  if (leader_ == nobody || ++quiet < quiet_moments) {
    watching_.wait_for(lock, moment);
    return;
  }
  dormant_ = true;
  watching_.wait(lock);
  dormant_ = false;
  quiet = 0;
}

}  // namespace opsroom::sdk

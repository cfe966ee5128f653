#include "store/watchdog.hpp"

#include <algorithm>
#include <pthread.h>
#include <sys/socket.h>

namespace opsroom::store {

struct Watchdog::Watch::Entry {
  int socket;
  std::chrono::steady_clock::time_point deadline;
};

Watchdog::Watchdog() : thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Watchdog::Watch::Watch(Watchdog& dog, int socket, std::chrono::milliseconds limit) : dog_(dog) {
  const std::lock_guard lock(dog_.mutex_);
  const Entry entry{socket, std::chrono::steady_clock::now() + limit};
  entry_ = dog_.entries_.insert(dog_.entries_.end(), entry);
  if (dog_.entries_.size() == 1) dog_.changed_.notify_one();
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(dog_.mutex_);
  dog_.entries_.erase(entry_);
}

void Watchdog::run() {
  ::pthread_setname_np(::pthread_self(), "db-watchdog");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    // Limits differ little, so a look a second is near enough and needs no wake-up per transaction.
    changed_.wait_for(lock, std::chrono::seconds(1));
    const auto now = std::chrono::steady_clock::now();
    for (const Watch::Entry& entry : entries_) {
      if (entry.deadline <= now) ::shutdown(entry.socket, SHUT_RDWR);
    }
  }
}

}  // namespace opsroom::store

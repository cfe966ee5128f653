#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace opsroom::sdk {

/// Calls functions when their time has come, one after the other, on a thread of its own that
/// exists only once something was set. Any thread may set and forget.
class Alarm {
 public:
  using Clock = std::chrono::steady_clock;
  /// When, and a number that tells two of the same time apart.
  using Key = std::pair<Clock::time_point, std::uint64_t>;

  Alarm() = default;
  ~Alarm() { stop(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  Key set(Clock::duration after, std::function<void()> then);
  /// It may be running all the same.
  void forget(const Key& key);

  /// Drops what is not due yet, and waits for what is being called.
  void stop();

 private:
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::function<void()>> due_;
  std::uint64_t last_ = 0;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace opsroom::sdk

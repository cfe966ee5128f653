#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace opsroom::store {

/// Cuts a database connection whose server has stopped answering without closing it (frozen, or
/// behind a silent network on a local socket): libpq itself waits for an answer forever. One thread
/// for all.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// While it lives, `socket` is watched; the owner keeps the socket open for as long.
  class Watch {
   public:
    Watch(Watchdog& dog, int socket, std::chrono::milliseconds limit);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    struct Entry;
    friend class Watchdog;
    Watchdog& dog_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Watch::Entry> entries_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace opsroom::store

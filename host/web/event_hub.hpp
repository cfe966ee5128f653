#pragma once

#include "base/async.hpp"
#include "model/run.hpp"
#include "ports/wakeups.hpp"

#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace opsroom::web {

/// One waiting stream's mailbox: which of its runs have news. Io thread only.
class Subscriber {
 public:
  explicit Subscriber(asio::any_io_executor executor) : timer_(std::move(executor)) {}

  /// Remembers `run` and wakes the stream.
  void tell(RunId run);
  /// Wakes the stream without news, e.g. because its reader has gone.
  void wake();

  /// Returns when there is news, or was since the last time, or after `patience`. Gives the runs.
  Task<std::set<RunId>> wait(Clock::duration patience);

 private:
  asio::steady_timer timer_;
  std::set<RunId> news_;
  bool woken_ = false;
};

/// Spreads what the database's notifications say among the streams that follow a run. Only a hint,
/// as they are themselves; every stream also looks on its own. Shared by the streams. Io thread
/// only.
class EventHub {
 public:
  /// Subscribes to `wakeups`; whatever it tells after the hub's end is ignored.
  static std::shared_ptr<EventHub> make(asio::any_io_executor executor, Wakeups& wakeups);

  /// Tells the subscriber, for as long as it lives, of every run that `wants` says yes to.
  std::shared_ptr<Subscriber> subscribe(std::function<bool(RunId)> wants);

  void tell(RunId run);
  std::size_t subscribers() const;

 private:
  explicit EventHub(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  struct Entry {
    std::weak_ptr<Subscriber> subscriber;
    std::function<bool(RunId)> wants;
  };
  asio::any_io_executor executor_;
  std::vector<Entry> entries_;
};

}  // namespace opsroom::web

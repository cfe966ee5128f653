#pragma once

#include "ports/wakeups.hpp"
#include "store/database.hpp"

#include <memory>

namespace opsroom::store {

/// Listens on channels ops_queue, ops_cancel, ops_events and ops_input over a connection of its
/// own, and gets a new one when that breaks. When it is back it calls on_queue, and on_cancel for
/// each running run whose cancellation was asked for, since news may have been missed. Io thread
/// only; connecting happens elsewhere. Destroy after stop() has returned.
class PgWakeups final : public Wakeups {
 public:
  /// Connects nothing yet. Failure{invalid} for a malformed URL.
  PgWakeups(asio::any_io_executor executor, DatabaseOptions options);
  ~PgWakeups() override;

  void on_queue(std::function<void()> callback) override;
  void on_cancel(std::function<void(RunId)> callback) override;
  void on_events(std::function<void(RunId)> callback) override;
  void on_input(std::function<void(RunId)> callback) override;

  void start();
  Task<> stop();

 private:
  struct Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace opsroom::store

#pragma once

#include "model/run.hpp"

#include <functional>

namespace opsroom {

/// Tells of news in the database (LISTEN/NOTIFY). Only a hint: it may be late or never come, so
/// every user also looks by itself from time to time. Callbacks run on the io thread; set them
/// before the source is started.
class Wakeups {
 public:
  virtual ~Wakeups() = default;
  virtual void on_queue(std::function<void()> callback) = 0;        ///< something became claimable
  virtual void on_cancel(std::function<void(RunId)> callback) = 0;  ///< cancellation was asked for
  virtual void on_events(std::function<void(RunId)> callback) = 0;  ///< the run has new events
  /// A live question of the run was answered. Optional: by default nobody is told.
  virtual void on_input(std::function<void(RunId)> callback) { static_cast<void>(callback); }
};

}  // namespace opsroom

#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/outage.hpp"
#include "engine/ports.hpp"

#include <string>

namespace opsroom::engine {

struct TaskCancelerOptions {
  Milliseconds interval{2'000};      ///< how often it looks for tasks
  Milliseconds patience{30'000};     ///< for one server to start and to answer
  Milliseconds opening{60'000};      ///< for the lane's checkout
  Milliseconds first_pause{10'000};  ///< before a second try; four times as long each time
  int most_tries = 5;
  std::size_t at_once = 4;
};

/// Tells servers that nobody wants a task of theirs any more whose run has ended while no worker
/// had it: once for all workers, and again when this process, the server or the database was away.
/// Io thread only.
class TaskCanceler {
 public:
  TaskCanceler(
      asio::any_io_executor executor, std::string worker, Ports ports, TaskCancelerOptions options
  );

  /// Looks and tells until `end` is called; never throws. What is under way then is left to others.
  Task<> run();
  void end();

 private:
  Task<> look();
  Task<> settle(TaskCancel cancel);
  Task<TaskCancelEnd> tell(const TaskCancel& cancel);
  Task<std::unique_ptr<LaneCheckout>> open_lane(const TaskCancel& cancel);
  TaskCancelEnd judge(const TaskCancel& cancel, ToolResult result) const;
  TaskCancelEnd missed(const TaskCancel& cancel, std::string why) const;

  asio::any_io_executor executor_;
  std::string worker_;
  Ports ports_;
  TaskCancelerOptions options_;
  Outage outage_;
  Stop stop_;
  TaskGroup telling_;
  bool useless_ = false;  ///< the database knows nothing of such tasks
};

}  // namespace opsroom::engine

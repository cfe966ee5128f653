#pragma once

#include "base/async.hpp"
#include "engine/run_log.hpp"
#include "ports/lane_pool.hpp"

#include <string>

namespace opsroom::engine {

/// Keeps a run's diff artifact up to date while a step works, and takes the last look when it is
/// done. A look that fails while the step works is told once and tried again; the last one must
/// succeed. Io thread only.
class DiffWatch {
 public:
  DiffWatch(
      asio::any_io_executor executor,
      std::string step,
      LaneCheckout& lane,
      RunLog& log,
      Milliseconds interval
  );

  /// Looks every interval until end(); run it beside the step.
  Task<> run();
  void end();

  /// One look: stores the diff when it has changed.
  Task<> look();

 private:
  std::string step_;
  LaneCheckout& lane_;
  RunLog& log_;
  Milliseconds interval_;
  bool ended_ = false;
  bool told_ = false;
  Signal wake_;
};

}  // namespace opsroom::engine

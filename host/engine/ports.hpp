#pragma once

#include "ports/input_desk.hpp"
#include "ports/journal.hpp"
#include "ports/lane_pool.hpp"
#include "ports/run_queue.hpp"
#include "ports/toolbox.hpp"

namespace opsroom::engine {

/// The five ports a run is told through.
struct Ports {
  RunQueue& queue;
  Journal& journal;
  LanePool& lanes;
  Toolbox& toolbox;
  InputDesk& inputs;
};

}  // namespace opsroom::engine

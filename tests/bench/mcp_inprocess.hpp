#pragma once

#include "bench/mcp_room.hpp"
#include "bench/report.hpp"

namespace opsroom::bench {

/// What a plugin in the host's own process costs: entering it, and the whole way of a step to it.
Task<> measure_inprocess(Room& room, Report& report);

}  // namespace opsroom::bench

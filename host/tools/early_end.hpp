#pragma once

#include "base/stop.hpp"
#include "tools/mcp_client.hpp"
#include "tools/server_call.hpp"

namespace opsroom::tools {

/// Says in a result why nobody waits for the tool any more. What it answered all the same, within
/// the grace, stays as it is. For every `wake` but answered and peer_gone.
void explain_early_end(ToolResult& result, Wake wake, const ServerCall& call, const Stop& stop);

}  // namespace opsroom::tools

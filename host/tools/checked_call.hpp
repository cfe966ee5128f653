#pragma once

#include "tools/server_call.hpp"
#include "tools/surface_guard.hpp"

#include <memory>

namespace opsroom::tools {

/// A call whose arguments are checked against the tool's inputSchema before anything is sent, and
/// whose structured result against its outputSchema. `guard` must let the server's tools pass
/// first. A server started for this call alone is gone when it returns, whatever came of it. Throws
/// Failure when nothing was sent.
Task<ToolResult> checked_call(
    SurfaceGuard& guard,
    const SourceConfig& source,
    std::shared_ptr<McpServer> server,
    ServerCall call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
);

}  // namespace opsroom::tools

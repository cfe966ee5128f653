#pragma once

#include "tools/server_call.hpp"
#include "tools/surface_guard.hpp"

#include <memory>

namespace opsroom::tools {

using Checks = std::shared_ptr<const SchemaChecks>;

/// What is wrong with a call's arguments (see SchemaChecks), found off the io thread when it takes
/// long. `arguments` outlive it.
Task<std::string> arguments_misfit(SurfaceGuard& guard, Checks checks, const Json& arguments);

/// The result of a call, or the blame for one that does not fit the tool's outputSchema.
Task<ToolResult> checked_result(
    SurfaceGuard& guard,
    const SourceConfig& source,
    std::string tool,
    Checks checks,
    ToolResult result
);

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

#pragma once

#include "base/async.hpp"
#include "model/tool.hpp"

#include <filesystem>
#include <optional>

namespace opsroom::tools {

/// Fetches the artifacts that a tool has left in files instead of sending their bytes: regular
/// files below the lane or the temporary directory, without links that lead elsewhere, together at
/// most 256 MiB. One that cannot be had, or not within `patience`, makes the result a failure that
/// names it. Read by a thread of its own, since a file system may never answer; `result` outlives
/// the call. Io thread only.
Task<> fetch_artifact_files(
    std::filesystem::path lane,
    ToolResult& result,
    Clock::duration patience = std::chrono::seconds(60)
);

/// The one true name of a file that a tool may hand in by that path; none for any other. For what
/// works in this process; looks into the file system, any thread.
std::optional<std::filesystem::path> acceptable_artifact(
    const std::filesystem::path& path, const std::filesystem::path& lane
);

}  // namespace opsroom::tools

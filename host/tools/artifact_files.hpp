#pragma once

#include "base/blocking.hpp"
#include "model/tool.hpp"

#include <filesystem>
#include <optional>

namespace opsroom::tools {

/// Fetches the artifacts that a tool has left in files instead of sending their bytes: regular
/// files below the lane or the temporary directory, without links that lead elsewhere, together at
/// most 256 MiB. One that cannot be had makes the result a failure that names it. Read on `pool`;
/// `result` outlives the call. Io thread only.
Task<> fetch_artifact_files(BlockingPool& pool, std::filesystem::path lane, ToolResult& result);

/// The one true name of a file that a tool may hand in by that path; none for any other. For what
/// works in this process; looks into the file system, any thread.
std::optional<std::filesystem::path> acceptable_artifact(
    const std::filesystem::path& path, const std::filesystem::path& lane
);

}  // namespace opsroom::tools

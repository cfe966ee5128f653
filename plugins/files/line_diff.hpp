#pragma once
#include <string>
#include <string_view>

namespace opsroom::files {

/// A unified diff of two texts with three lines of context, as a person reads it and `git apply`
/// takes it; empty when they are equal. At most `most_bytes` long: what is beyond is told as a
/// number of lines.
std::string unified_diff(
    const std::string& path, std::string_view before, std::string_view after, std::size_t most_bytes
);

}  // namespace opsroom::files

#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace opsroom::files {

/// A name after "--- ", "+++ " or "rename from ": unquoted, without a time stamp.
std::string patch_name(std::string_view text, std::size_t line);

/// Both names after "diff --git ", when they are the same file under two prefixes.
std::optional<std::pair<std::string, std::string>> git_names(std::string_view text);

/// The name without its first `count` directories; throws BadArguments when it has no more.
std::string stripped(const std::string& name, int count, std::size_t line);

/// Throws BadArguments: "/patch: line 12: ...".
[[noreturn]] void bad_patch(std::size_t line, const std::string& reason);

}  // namespace opsroom::files

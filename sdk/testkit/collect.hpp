#pragma once
#include <opsroom/testkit.hpp>
#include <string>
#include <string_view>

namespace opsroom::testkit {

std::string decoded_base64(std::string_view text);

/// The whole file; throws std::runtime_error.
std::string file_bytes(const std::filesystem::path& path);

/// Sorts a CallToolResult into `into`: artifacts out of the content, the end by isError, data held
/// against the tool's outputSchema.
void take_result(json result, const json& manifest, const std::string& tool, Result& into);

/// The questions in MCP inputRequests, with the answers the spec has for them as inputResponses;
/// null as soon as one is missing.
json answered(const json& requests, const CallSpec& spec, Result& into);

/// Most rounds of questions one call may take before it counts as broken.
inline constexpr std::size_t most_rounds = 100;

}  // namespace opsroom::testkit

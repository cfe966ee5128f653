#pragma once
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

using json = nlohmann::json;

inline constexpr std::string_view modern_version = "2026-07-28";
inline constexpr std::string_view newest_legacy_version = "2025-11-25";

namespace meta {
inline constexpr const char* protocol_version = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* client_capabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* log_level = "io.modelcontextprotocol/logLevel";
inline constexpr const char* server_info = "io.modelcontextprotocol/serverInfo";
inline constexpr const char* subscription_id = "io.modelcontextprotocol/subscriptionId";
inline constexpr const char* call = "io.opsroom/call";
inline constexpr const char* artifact = "io.opsroom/artifact";
}  // namespace meta

inline constexpr const char* tasks_extension = "io.modelcontextprotocol/tasks";
/// Of a client that takes artifacts as links to files (resource_link, file://).
inline constexpr const char* artifact_file_extension = "io.opsroom/artifact-file";

namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int resource_not_found = -32002;  ///< legacy only
inline constexpr int missing_capability = -32021;
inline constexpr int unsupported_version = -32022;
}  // namespace code

/// What becomes a JSON-RPC error response; thrown by whoever finds the request wanting.
struct RpcError {
  int code;
  std::string message;
  json data = nullptr;
};

enum class Era { legacy, modern };

/// Severity of an MCP log level, debug 0 to emergency 7; none when there is no such level.
std::optional<int> severity_of(const json& level);
inline constexpr int severity_silent = 8;

/// The version to answer an initialize with: the one asked for when it is spoken, else the newest.
std::string legacy_version_for(const json& params);

/// A JSON text on one line, whatever it holds.
std::string dumped(const json& value);

// Messages as text, without the newline; `id` and `result` are JSON texts.
std::string response(std::string_view id, std::string_view result);
std::string response(std::string_view id, const RpcError& error);
std::string request(std::string_view id, std::string_view method, const json& params);
std::string notification(std::string_view method, const json& params);
/// The same with one member more in params, a JSON text that leaves just as it came: an id may be a
/// number that no type of ours holds.
std::string notification(
    std::string_view method, const json& params, std::string_view name, std::string_view value
);

}  // namespace opsroom::sdk

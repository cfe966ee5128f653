#pragma once
#include <nlohmann/json.hpp>

#include <array>
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
inline constexpr const char* call = "io.opsroom/call";
inline constexpr const char* artifact = "io.opsroom/artifact";
}  // namespace meta

namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
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

struct Request {
  json id;
  std::string method;
  json params = json::object();
  json meta = json::object();
};

/// Severity of an MCP log level, debug 0 to emergency 7; none when there is no such level.
std::optional<int> severity_of(const json& level);
inline constexpr int severity_silent = 8;

/// The message as a request. Throws RpcError when it is none that JSON-RPC allows.
Request parse_request(const json& message);

/// Which era the request speaks; `opened_legacy` says whether initialize came before. Throws
/// RpcError for a modern request without its required fields or in a version not spoken here.
Era era_of(const Request& request, bool opened_legacy);

/// The version to answer an initialize with: the one asked for when it is spoken, else the newest.
std::string legacy_version_for(const json& params);

json response(const json& id, json result);
json response(const json& id, const RpcError& error);
json notification(std::string_view method, json params);

}  // namespace opsroom::sdk

#include "protocol.hpp"

#include <algorithm>

namespace opsroom::sdk {
namespace {

constexpr std::array<std::string_view, 4> legacy_versions{
    "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"
};

constexpr std::array<std::string_view, 8> levels{
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"
};

bool speaks_modern(const Request& request) {
  if (request.method == "server/discover") return true;
  return request.meta.contains(meta::protocol_version) ||
         request.meta.contains(meta::client_capabilities);
}

RpcError missing(const char* field, const char* what) {
  return {
      code::invalid_params, std::string("params._meta[\"") + field + "\"] is missing or not " + what
  };
}

void check_modern(const Request& request) {
  const auto version = request.meta.find(meta::protocol_version);
  if (version == request.meta.end() || !version->is_string())
    throw missing(meta::protocol_version, "a string");
  if (version->get<std::string>() != modern_version)
    throw RpcError{
        code::unsupported_version,
        "Unsupported protocol version",
        {{"supported", json::array({modern_version})}, {"requested", *version}}
    };
  const auto capabilities = request.meta.find(meta::client_capabilities);
  if (capabilities == request.meta.end() || !capabilities->is_object())
    throw missing(meta::client_capabilities, "an object");
}

}  // namespace

std::optional<int> severity_of(const json& level) {
  if (!level.is_string()) return std::nullopt;
  const auto found = std::find(levels.begin(), levels.end(), level.get_ref<const std::string&>());
  if (found == levels.end()) return std::nullopt;
  return static_cast<int>(found - levels.begin());
}

Request parse_request(const json& message) {
  Request request;
  request.id = message.at("id");
  if (!request.id.is_string() && !request.id.is_number_integer())
    throw RpcError{code::invalid_request, "id must be a string or an integer"};
  if (const auto version = message.find("jsonrpc"); version == message.end() || *version != "2.0")
    throw RpcError{code::invalid_request, "jsonrpc must be \"2.0\""};
  if (!message.at("method").is_string())
    throw RpcError{code::invalid_request, "method must be a string"};
  request.method = message.at("method").get<std::string>();
  if (const auto params = message.find("params"); params != message.end()) {
    if (!params->is_object()) throw RpcError{code::invalid_params, "params must be an object"};
    request.params = *params;
  }
  if (const auto found = request.params.find("_meta"); found != request.params.end()) {
    if (!found->is_object()) throw RpcError{code::invalid_params, "params._meta must be an object"};
    request.meta = *found;
  }
  return request;
}

Era era_of(const Request& request, bool opened_legacy) {
  if (speaks_modern(request)) {
    check_modern(request);
    return Era::modern;
  }
  if (opened_legacy || request.method == "initialize" || request.method == "ping")
    return Era::legacy;
  throw RpcError{
      code::invalid_params,
      std::string("params._meta[\"") + meta::protocol_version +
          "\"] is missing, and there was no initialize before"
  };
}

std::string legacy_version_for(const json& params) {
  const auto asked = params.find("protocolVersion");
  if (asked == params.end() || !asked->is_string())
    throw RpcError{code::invalid_params, "params.protocolVersion must be a string"};
  const auto version = asked->get<std::string>();
  const bool spoken =
      std::find(legacy_versions.begin(), legacy_versions.end(), version) != legacy_versions.end();
  return spoken ? version : std::string(newest_legacy_version);
}

json response(const json& id, json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

json response(const json& id, const RpcError& error) {
  json body{{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}};
}

json notification(std::string_view method, json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace opsroom::sdk

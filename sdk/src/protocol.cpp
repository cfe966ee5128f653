#include "protocol.hpp"

#include <algorithm>
#include <array>

namespace opsroom::sdk {
namespace {

constexpr std::array<std::string_view, 4> legacy_versions{
    "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"
};

constexpr std::array<std::string_view, 8> levels{
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"
};

}  // namespace

std::optional<int> severity_of(const json& level) {
  if (!level.is_string()) return std::nullopt;
  const auto found = std::find(levels.begin(), levels.end(), level.get_ref<const std::string&>());
  if (found == levels.end()) return std::nullopt;
  return static_cast<int>(found - levels.begin());
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

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string response(std::string_view id, std::string_view result) {
  std::string text;
  text.reserve(id.size() + result.size() + 40);
  text.append(R"({"jsonrpc":"2.0","id":)").append(id);
  text.append(R"(,"result":)").append(result).append("}");
  return text;
}

std::string response(std::string_view id, const RpcError& error) {
  json body{{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text.append(id).append(R"(,"error":)").append(dumped(body)).append("}");
  return text;
}

std::string request(std::string_view id, std::string_view method, const json& params) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text.append(id).append(R"(,"method":")").append(method).append(R"(","params":)");
  return text.append(dumped(params)).append("}");
}

std::string notification(std::string_view method, const json& params) {
  std::string text = R"({"jsonrpc":"2.0","method":")";
  return text.append(method).append(R"(","params":)").append(dumped(params)).append("}");
}

std::string notification(
    std::string_view method, const json& params, std::string_view name, std::string_view value
) {
  std::string text = notification(method, params);
  text.resize(text.size() - 2);
  if (!params.empty()) text += ',';
  text.append(1, '"').append(name).append("\":").append(value);
  return text.append("}}");
}

}  // namespace opsroom::sdk

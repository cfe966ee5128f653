#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/mcp_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

// How a conversation begins. The era of a server is found by asking it something that only a modern
// one understands; every other reaction, silence and death included, means legacy.

namespace opsroom::tools {

Task<Opening> McpClient::open(std::optional<Era> known) {
  const auto deadline = Clock::now() + options_.opening_timeout;
  if (known == Era::legacy) co_return co_await initialize(deadline, false);
  const auto patience =
      known == Era::modern ? deadline : std::min(deadline, Clock::now() + options_.probe_timeout);
  const auto found = co_await probe(patience);
  if (found && *found != Opening::legacy) co_return *found;
  co_return co_await initialize(deadline, true);
}

Task<std::optional<Opening>> McpClient::probe(Clock::time_point deadline) {
  Json params = Json::object();
  mcp::add_modern_meta(params);
  auto asking = ask("server/discover", std::move(params), deadline);
  const auto exchange = co_await std::move(asking);
  if (exchange->peer_gone && !exchange->answered()) co_return Opening::gone;
  if (!exchange->answered()) {
    // It may only be slow (a download before the start): a late answer still counts.
    late_probe_ = exchange;
    exchanges_[exchange->id] = exchange;
    co_return std::nullopt;
  }
  co_return verdict(*exchange);
}

std::optional<Opening> McpClient::verdict(const Exchange& probe) {
  if (!probe.answer || probe.answer->kind == Envelope::Kind::malformed) return Opening::legacy;
  Json payload;
  try {
    payload = reader_.payload(*probe.answer);
  } catch (const Failure&) {
    return Opening::legacy;  // Whatever that was, it is no modern answer.
  }
  if (probe.answer->kind == Envelope::Kind::result) {
    return verdict_of_versions(mcp::supported_versions(payload, "supportedVersions"));
  }
  const mcp::RpcError error = mcp::rpc_error(payload);
  if (error.code == rpc::unsupported_version) {
    return verdict_of_versions(mcp::supported_versions(error.data, "supported"));
  }
  if (error.code == rpc::missing_capability) {
    era_ = Era::modern;
    version_ = modern_version;
    return Opening::modern;
  }
  return Opening::legacy;
}

std::optional<Opening> McpClient::verdict_of_versions(const std::vector<std::string>& versions) {
  const auto names = [&](std::string_view version) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  if (names(modern_version)) {
    era_ = Era::modern;
    version_ = modern_version;
    return Opening::modern;
  }
  if (versions.empty() || std::any_of(versions.begin(), versions.end(), is_legacy_version)) {
    return Opening::legacy;
  }
  throw Failure(
      Code::unsupported,
      fmt::format("{} speaks MCP {} only", options_.title, listing(versions)),
      fmt::format("opsroom speaks {} and 2024-11-05 to {}.", modern_version, newest_legacy_version)
  );
}

Task<Opening> McpClient::initialize(Clock::time_point deadline, bool probed) {
  auto asking = ask("initialize", mcp::initialize_params(options_.root.has_value()), deadline);
  const auto exchange = co_await std::move(asking);
  if (late_probe_) {
    forget(late_probe_);
    const bool refused = exchange->answer && exchange->answer->kind == Envelope::Kind::error;
    if (refused && late_probe_->answered()) {
      const auto late = verdict(*late_probe_);
      if (late == Opening::modern) co_return *late;
    }
  }
  if (exchange->answer && exchange->answer->kind == Envelope::Kind::error && !probed) {
    // It was remembered as legacy and has become something else.
    const auto found = co_await probe(std::min(deadline, Clock::now() + options_.probe_timeout));
    if (found == Opening::modern) co_return *found;
  }
  accept_initialize(answer_of(*exchange, "initialize"));
  co_return Opening::legacy;
}

void McpClient::accept_initialize(const Json& result) {
  const auto version = result.is_object() ? result.find("protocolVersion") : result.end();
  const std::string spoken = result.is_object() && version != result.end() && version->is_string()
                                 ? version->get<std::string>()
                                 : std::string();
  if (!is_legacy_version(spoken)) {
    throw Failure(
        Code::unsupported,
        fmt::format("{} answered initialize with protocol version '{}'", options_.title, spoken),
        fmt::format(
            "opsroom speaks {} and 2024-11-05 to {}.", modern_version, newest_legacy_version
        )
    );
  }
  era_ = Era::legacy;
  version_ = spoken;
  channel_.post(notification_text("notifications/initialized", Json::object()));
  const auto capabilities = result.find("capabilities");
  if (capabilities == result.end() || !capabilities->is_object()) return;
  if (capabilities->contains("logging")) {
    // Nobody waits for its answer: a server that minds is no worse for it.
    channel_.post(request_text(++last_id_, "logging/setLevel", Json{{"level", "info"}}));
  }
}

}  // namespace opsroom::tools

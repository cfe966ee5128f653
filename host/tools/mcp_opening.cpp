#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/json_fields.hpp"
#include "tools/mcp_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

// How a conversation begins. The era of a server is found by asking it something that only a modern
// one understands; every other reaction, silence and death included, means legacy.

namespace opsroom::tools {
namespace {

constexpr const char* meta_server_info = "io.modelcontextprotocol/serverInfo";
constexpr std::array<std::pair<const char*, const char*>, 3> changing_lists{{
    {"tools", "toolsListChanged"},
    {"prompts", "promptsListChanged"},
    {"resources", "resourcesListChanged"},
}};
// A stream that ends as soon as it is opened is not opened for ever.
constexpr Clock::duration shortest_listening = std::chrono::seconds(1);
constexpr int most_short_listenings = 3;

}  // namespace

Task<Opening> McpClient::open(std::optional<Era> known) {
  auto opening = find_era(known);
  const Opening found = co_await std::move(opening);
  listen();
  co_return found;
}

Task<Opening> McpClient::find_era(std::optional<Era> known) {
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
  mcp::add_modern_meta(params, profile());
  auto asking = ask("server/discover", std::move(params), deadline);
  const auto exchange = co_await std::move(asking);
  if (exchange->peer_gone && !exchange->answered()) co_return Opening::gone;
  if (!exchange->answered()) {
    // It may only be slow (a download before the start): a late answer still counts.
    late_probe_ = exchange;
    exchanges_.add(exchange);
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
    const auto found = verdict_of_versions(mcp::supported_versions(payload, "supportedVersions"));
    if (found == Opening::modern) become(Era::modern, std::string(modern_version), payload);
    return found;
  }
  const mcp::RpcError error = mcp::rpc_error(payload);
  if (error.code == rpc::unsupported_version) {
    return verdict_of_versions(mcp::supported_versions(error.data, "supported"));
  }
  if (error.code == rpc::missing_capability) {
    become(Era::modern, std::string(modern_version), Json::object());
    return Opening::modern;
  }
  return Opening::legacy;
}

bool McpClient::speaks_modern(const Exchange& probe) {
  if (!probe.answer || probe.answer->kind != Envelope::Kind::result) return false;
  try {
    const auto versions =
        mcp::supported_versions(reader_.payload(*probe.answer), "supportedVersions");
    return std::find(versions.begin(), versions.end(), modern_version) != versions.end();
  } catch (const Failure&) {
    return false;
  }
}

std::optional<Opening> McpClient::verdict_of_versions(const std::vector<std::string>& versions) {
  const auto names = [&](std::string_view version) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  if (names(modern_version)) {
    become(Era::modern, std::string(modern_version), Json::object());
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
  auto asking = ask("initialize", mcp::initialize_params(profile()), deadline);
  const auto exchange = co_await std::move(asking);
  if (late_probe_) {
    forget(late_probe_);
    const bool refused = exchange->answer && exchange->answer->kind == Envelope::Kind::error;
    if (refused && late_probe_->answered()) {
      const auto late = verdict(*late_probe_);
      if (late == Opening::modern) co_return *late;
    }
    // It took both, and was only slow to say so: the next one of its kind is opened as modern.
    slow_to_say_modern_ = speaks_modern(*late_probe_);
  }
  if (exchange->answer && exchange->answer->kind == Envelope::Kind::error && !probed) {
    // It was remembered as legacy and has become something else.
    const auto found = co_await probe(std::min(deadline, Clock::now() + options_.probe_timeout));
    if (found == Opening::modern) co_return *found;
  }
  accept_initialize(answer_of(*exchange));
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
  become(Era::legacy, spoken, result);
  channel_.post(notification_text("notifications/initialized", Json::object()));
  if (capabilities_.contains("logging")) {
    // Nobody waits for its answer: a server that minds is no worse for it.
    channel_.post(request_text(++last_id_, "logging/setLevel", Json{{"level", options_.log_level}})
    );
  }
}

/// `result`: of server/discover or initialize, as far as there was one.
void McpClient::become(Era era, std::string version, const Json& result) {
  era_ = era;
  version_ = std::move(version);
  modern_meta_ = era == Era::modern ? mcp::modern_meta_members(profile()) : std::string();
  const Json* declared = object_field(result, "capabilities");
  capabilities_ = declared == nullptr ? Json::object() : *declared;
  const Json* info = field(result, "serverInfo");
  const Json* meta = object_field(result, "_meta");
  if (info == nullptr && meta != nullptr) info = field(*meta, meta_server_info);
  const std::string name = mcp::implementation_text(info);
  identity_ = std::make_shared<const std::string>(
      fmt::format("{}{}({})", name, name.empty() ? "" : " ", version_)
  );
}

/// Opens the stream on which a modern server says that its lists have changed. It is no call in
/// flight: nobody waits for it, and its answer only says that it has ended.
void McpClient::listen() {
  if (era_ != Era::modern || !options_.on_tools_changed || ended_) return;
  Json wanted = Json::object();
  for (const auto& [list, filter] : changing_lists) {
    const Json* capability = object_field(capabilities_, list);
    const Json* changes = capability == nullptr ? nullptr : field(*capability, "listChanged");
    if (changes != nullptr && *changes == true) wanted[filter] = true;
  }
  if (wanted.empty()) return;
  Json params{{"notifications", std::move(wanted)}};
  mcp::add_modern_meta(params, profile());
  listening_ = ++last_id_;
  listening_since_ = Clock::now();
  channel_.post(request_text(listening_, "subscriptions/listen", params));
}

/// True when `envelope` is the end of that stream.
bool McpClient::take_listening_end(const Envelope& envelope) {
  if (listening_ == 0 || envelope.number() != listening_) return false;
  listening_ = 0;
  if (envelope.kind != Envelope::Kind::result) return true;  // It cannot, whatever it declared.
  listen_again();
  return true;
}

/// After the server has closed the stream, by its result or by notifications/cancelled.
void McpClient::listen_again() {
  listening_ = 0;
  const bool was_short = Clock::now() - listening_since_ < shortest_listening;
  short_listenings_ = was_short ? short_listenings_ + 1 : 0;
  if (short_listenings_ < most_short_listenings) listen();
}

}  // namespace opsroom::tools

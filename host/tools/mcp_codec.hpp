#pragma once

#include "base/json.hpp"
#include "model/tool.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// `modern`: every request carries version and capabilities (2026-07-28). `legacy`: a conversation
/// opened by initialize (2024-11-05 to 2025-11-25).
enum class Era { modern, legacy };

std::string_view to_string(Era era);

inline constexpr std::string_view modern_version = "2026-07-28";
inline constexpr std::string_view newest_legacy_version = "2025-11-25";
bool is_legacy_version(std::string_view version);

/// The words of MCP: parameters to send, and what results mean. Knows no process and no pipe.
namespace mcp {

/// What the host offers a server, and so declares.
struct ClientProfile {
  bool roots = false;              ///< there is a lane's directory to tell
  bool sampling = false;           ///< a tool that answers sampling is configured
  std::string log_level = "info";  ///< what its log messages must at least be
};

/// Adds what every modern request must carry below `params._meta`.
void add_modern_meta(Json& params, const ClientProfile& profile = {});

/// The same members as text to be put into an object, without its braces: it is the same in every
/// request of a conversation.
std::string modern_meta_members(const ClientProfile& profile);

Json initialize_params(const ClientProfile& profile);

/// A tools/call: `_meta` carries the progress token and who calls (`io.opsroom/call`). What it
/// views is the caller's.
struct CallContext {
  const ToolCall& call;
  std::string_view name;              ///< the tool, without its source
  std::string_view directory;         ///< the lane
  std::int64_t deadline_unix_ms = 0;  ///< when the host gives up
  std::int64_t id = 0;
  std::string_view traceparent{};              ///< W3C trace context; empty: none
  std::string_view tracestate{};               ///< only beside a traceparent
  Json input_responses{};                      ///< of a call that goes on: object; else null
  std::optional<std::string> request_state{};  ///< to be given back as it came
  std::optional<std::int64_t> task_ttl_ms{};   ///< ask for a task (2025-11-25), kept that long
};

/// A tools/call request as JSON text, its progress token being its id. `arguments` is
/// as write_arguments() makes it, `meta_members` as modern_meta_members() does, or empty. It is
/// written into `blank`, whose memory it takes over.
std::string call_request(
    const CallContext& context,
    std::string_view arguments,
    std::string_view meta_members = {},
    std::string blank = {}
);
/// The call's arguments as they are sent, added to `out`.
void write_arguments(const ToolCall& call, std::string& out);
std::string call_arguments(const ToolCall& call);

Json roots_result(const std::optional<std::filesystem::path>& root);
std::string file_uri(const std::filesystem::path& path);

/// What a result says beside its content.
struct ResultType {
  enum class Kind { complete, input_required, task, unknown };
  Kind kind = Kind::complete;
  std::string word;  ///< empty: it says nothing
};
/// An absent `resultType` is `complete`: servers before 2026-07-28 know none.
ResultType result_type(const Json& result);

/// Versions both sides speak in the modern era, named by a DiscoverResult or a -32022 error.
std::vector<std::string> supported_versions(const Json& holder, std::string_view member);

/// "name version" of a serverInfo, as far as there is one; printable and short.
std::string implementation_text(const Json* info);

/// How long a result may be kept, and by whom.
struct CacheHint {
  std::optional<std::chrono::milliseconds> ttl;  ///< none: not said, or absurd
  bool shared = false;                           ///< it holds nothing of this user's
};
CacheHint cache_hint(const Json& result);

/// A page of a list. Failure{invalid} when it is none. `member` holds the entries, each an object
/// with a text under `key`.
struct Page {
  std::vector<Json> entries;
  std::optional<std::string> next;  ///< an empty cursor is a cursor
  CacheHint cache;
};
Page page(Json result, const std::string& method, const char* member, const char* key);

/// A page of tools/list.
struct ToolPage {
  std::vector<Json> tools;
  std::optional<std::string> next;
};
ToolPage tool_page(Json result);

/// A JSON-RPC error object, as far as it keeps to the form.
struct RpcError {
  int code = 0;  ///< 0 for one beyond 32 bits, too
  std::string message;
  Json data;
};
RpcError rpc_error(const Json& error);

/// Text of a log notification: a string as it is, other data as JSON.
std::string log_text(const Json& params);
/// Its logger, else its level, else "log".
std::string log_stream(const Json& params);

/// The request a notification speaks of, as far as its `_meta` says so: progress token or id.
std::optional<std::int64_t> related_request(const Json& params);
/// The task a message belongs to (2025-11-25); empty: none.
std::string related_task(const Json& params);
/// The listen stream a notification came on, as raw JSON; empty: none.
std::string subscription_id(const Json& params);

}  // namespace mcp
}  // namespace opsroom::tools

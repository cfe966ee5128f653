#pragma once

#include "base/json.hpp"
#include "model/tool.hpp"

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

/// Adds what every modern request must carry below `params._meta`.
void add_modern_meta(Json& params);

/// `with_roots`: the server may ask for the lane's directory.
Json initialize_params(bool with_roots);

/// A tools/call: `_meta` carries the progress token and who calls (`io.opsroom/call`).
struct CallContext {
  const ToolCall& call;
  std::string name;                   ///< the tool, without its source
  std::filesystem::path directory;    ///< the lane
  std::int64_t deadline_unix_ms = 0;  ///< when the host gives up
  std::int64_t progress_token = 0;
};
Json call_params(const CallContext& context);

Json roots_result(const std::filesystem::path& root);
std::string file_uri(const std::filesystem::path& path);

/// What a result says beside its content.
struct ResultType {
  enum class Kind { complete, input_required, task, unknown };
  Kind kind = Kind::complete;
  std::string word;
};
/// An absent `resultType` is `complete`: servers before 2026-07-28 know none.
ResultType result_type(const Json& result);

/// Versions both sides speak in the modern era, named by a DiscoverResult or a -32022 error.
std::vector<std::string> supported_versions(const Json& holder, std::string_view member);

/// A page of tools/list. Failure{invalid} when it is none.
struct ToolPage {
  std::vector<Json> tools;
  std::optional<std::string> next;  ///< an empty cursor is a cursor
};
ToolPage tool_page(Json result);

/// A JSON-RPC error object, as far as it keeps to the form.
struct RpcError {
  int code = 0;
  std::string message;
  Json data;
};
RpcError rpc_error(const Json& error);

/// Fills in a tools/call result: output, error text and artifacts. Failure{invalid} when `result`
/// is no call result.
void read_call_result(Json result, ToolResult& into);

/// Text of a log notification: a string as it is, other data as JSON.
std::string log_text(const Json& params);
/// Its logger, else its level, else "log".
std::string log_stream(const Json& params);

}  // namespace mcp
}  // namespace opsroom::tools

#include "tools/mcp_codec.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/json_fields.hpp"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace opsroom::tools {
namespace {

constexpr std::array<std::string_view, 4> legacy_versions{
    "2024-11-05", "2025-03-26", "2025-06-18", newest_legacy_version
};

constexpr const char* meta_version = "io.modelcontextprotocol/protocolVersion";
constexpr const char* meta_client = "io.modelcontextprotocol/clientInfo";
constexpr const char* meta_capabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* meta_log_level = "io.modelcontextprotocol/logLevel";
constexpr const char* meta_related_task = "io.modelcontextprotocol/related-task";
constexpr const char* meta_subscription = "io.modelcontextprotocol/subscriptionId";
constexpr const char* tasks_extension = "io.modelcontextprotocol/tasks";
// Big artifacts may come as links to files: its servers share the host's.
constexpr const char* artifact_file_extension = "io.opsroom/artifact-file";
constexpr std::size_t longest_identity = 120;
constexpr double longest_ttl_ms = 1e12;

Json client_info() {
  return {{"name", "opsroom"}, {"version", OPSROOM_VERSION}};
}

/// A person can be asked at any time, if need be for days: elicitation is always declared.
Json capabilities(const mcp::ClientProfile& profile) {
  Json out{{"elicitation", {{"form", Json::object()}, {"url", Json::object()}}}};
  if (profile.roots) out["roots"] = Json::object();
  if (profile.sampling) out["sampling"] = Json::object();
  return out;
}

Json modern_meta(const mcp::ClientProfile& profile) {
  Json declared = capabilities(profile);
  declared["extensions"] = {
      {tasks_extension, Json::object()}, {artifact_file_extension, Json::object()}
  };
  return {
      {meta_version, modern_version},
      {meta_client, client_info()},
      {meta_capabilities, std::move(declared)},
      {meta_log_level, profile.log_level}
  };
}

// What a request holds beside its arguments: ids, names, a path.
constexpr std::size_t room_around_arguments = 640;

/// JSON put together piece by piece in one buffer.
class Text {
 public:
  Text(std::string blank, std::size_t room) : text_(std::move(blank)) { text_.reserve(room); }

  Text& raw(std::string_view piece) {
    text_ += piece;
    return *this;
  }
  Text& quoted(std::string_view piece) {
    append_quoted(piece, text_);
    return *this;
  }
  Text& number(std::int64_t value) {
    const fmt::format_int digits(value);
    return raw({digits.data(), digits.size()});
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::optional<std::int64_t> whole(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

const Json* meta_of(const Json& params) {
  return object_field(params, "_meta");
}

}  // namespace

std::string_view to_string(Era era) {
  return era == Era::modern ? "modern" : "legacy";
}

bool is_legacy_version(std::string_view version) {
  return std::find(legacy_versions.begin(), legacy_versions.end(), version) !=
         legacy_versions.end();
}

namespace mcp {

void add_modern_meta(Json& params, const ClientProfile& profile) {
  params["_meta"].update(modern_meta(profile));
}

std::string modern_meta_members(const ClientProfile& profile) {
  const std::string object = dump(modern_meta(profile));
  return object.substr(1, object.size() - 2);
}

Json initialize_params(const ClientProfile& profile) {
  return {
      {"protocolVersion", newest_legacy_version},
      {"capabilities", capabilities(profile)},
      {"clientInfo", client_info()}
  };
}

void write_arguments(const ToolCall& call, std::string& out) {
  if (call.arguments.is_null()) {
    out += "{}";
  } else {
    append_json(call.arguments, out);
  }
}

std::string call_arguments(const ToolCall& call) {
  std::string out;
  write_arguments(call, out);
  return out;
}

// Put together as text: on the way of every call, and a copy of large arguments is saved.
std::string call_request(
    const CallContext& context,
    std::string_view arguments,
    std::string_view meta_members,
    std::string blank
) {
  const ToolCall& call = context.call;
  Text out(std::move(blank), arguments.size() + meta_members.size() + room_around_arguments);
  const fmt::format_int digits(context.id);
  const std::string_view id(digits.data(), digits.size());
  out.raw(R"({"jsonrpc":"2.0","id":)").raw(id);
  out.raw(R"(,"method":"tools/call","params":{"_meta":{"progressToken":)").raw(id);
  out.raw(R"(,"io.opsroom/call":{"run":)").number(call.run.value);
  out.raw(R"(,"step":)").quoted(call.step).raw(R"(,"attempt":)").number(call.attempt);
  out.raw(R"(,"idempotencyKey":)").quoted(call.idempotency_key);
  out.raw(R"(,"workdir":)").quoted(context.directory);
  out.raw(R"(,"deadlineMs":)").number(context.deadline_unix_ms).raw("}");
  if (!context.traceparent.empty()) {
    out.raw(R"(,"traceparent":)").quoted(context.traceparent);
    if (!context.tracestate.empty()) out.raw(R"(,"tracestate":)").quoted(context.tracestate);
  }
  if (!meta_members.empty()) out.raw(",").raw(meta_members);
  out.raw(R"(},"name":)").quoted(context.name).raw(R"(,"arguments":)").raw(arguments);
  if (!context.input_responses.is_null()) {
    out.raw(R"(,"inputResponses":)").raw(dump(context.input_responses));
  }
  if (context.request_state) out.raw(R"(,"requestState":)").quoted(*context.request_state);
  if (context.task_ttl_ms) out.raw(R"(,"task":{"ttl":)").number(*context.task_ttl_ms).raw("}");
  out.raw("}}");
  return std::move(out).text();
}

std::string file_uri(const std::filesystem::path& path) {
  std::string uri = "file://";
  for (const char c : path.string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

Json roots_result(const std::optional<std::filesystem::path>& root) {
  Json roots = Json::array();
  if (root) roots.push_back({{"uri", file_uri(*root)}, {"name", root->filename().string()}});
  return {{"roots", std::move(roots)}};
}

ResultType result_type(const Json& result) {
  const Json* word = field(result, "resultType");
  if (word == nullptr) return {};
  ResultType type{ResultType::Kind::unknown, word->is_string() ? word->get<std::string>() : "?"};
  if (type.word == "complete") type.kind = ResultType::Kind::complete;
  if (type.word == "input_required") type.kind = ResultType::Kind::input_required;
  if (type.word == "task") type.kind = ResultType::Kind::task;
  return type;
}

std::vector<std::string> supported_versions(const Json& holder, std::string_view member) {
  std::vector<std::string> versions;
  const Json* list = field(holder, std::string(member).c_str());
  if (list == nullptr || !list->is_array()) return versions;
  for (const Json& entry : *list) {
    if (entry.is_string()) versions.push_back(entry.get<std::string>());
  }
  return versions;
}

std::string implementation_text(const Json* info) {
  if (info == nullptr) return {};
  std::string text = text_field(*info, "name");
  const std::string version = text_field(*info, "version");
  if (!version.empty()) text += (text.empty() ? "" : " ") + version;
  if (text.size() > longest_identity) text.resize(longest_identity);
  return printable_utf8(text);
}

CacheHint cache_hint(const Json& result) {
  CacheHint hint;
  const Json* ttl = field(result, "ttlMs");
  const double ms = ttl != nullptr && ttl->is_number() ? ttl->get<double>() : -1;
  if (ms >= 0 && ms <= longest_ttl_ms) {
    hint.ttl = std::chrono::milliseconds(static_cast<std::int64_t>(ms));
  }
  hint.shared = text_field(result, "cacheScope") == "public";
  return hint;
}

Page page(Json result, const std::string& method, const char* member, const char* key) {
  Page out;
  const auto entries = result.is_object() ? result.find(member) : result.end();
  if (!result.is_object() || entries == result.end() || !entries->is_array()) {
    throw Failure(
        Code::invalid, fmt::format("its answer to {} has no array \"{}\"", method, member)
    );
  }
  out.cache = cache_hint(result);
  for (Json& entry : *entries) {
    if (text_field(entry, key).empty()) {
      throw Failure(
          Code::invalid, fmt::format("its answer to {} has an entry without a {}", method, key)
      );
    }
    out.entries.push_back(std::move(entry));
  }
  const Json* cursor = field(result, "nextCursor");
  if (cursor != nullptr && cursor->is_string()) out.next = cursor->get<std::string>();
  return out;
}

ToolPage tool_page(Json result) {
  Page tools = page(std::move(result), "tools/list", "tools", "name");
  return {std::move(tools.entries), std::move(tools.next)};
}

RpcError rpc_error(const Json& error) {
  RpcError out;
  const Json* code = field(error, "code");
  if (code != nullptr && code->is_number_integer() && *code >= INT_MIN && *code <= INT_MAX) {
    out.code = code->get<int>();
  }
  out.message = text_field(error, "message");
  if (out.message.empty()) out.message = "error without a message";
  if (const Json* data = field(error, "data")) out.data = *data;
  return out;
}

std::string log_text(const Json& params) {
  const Json* data = field(params, "data");
  if (data == nullptr) return std::string();
  return data->is_string() ? data->get<std::string>() : dump(*data);
}

std::string log_stream(const Json& params) {
  std::string stream = text_field(params, "logger");
  if (stream.empty()) stream = text_field(params, "level");
  return stream.empty() ? "log" : stream;
}

std::optional<std::int64_t> related_request(const Json& params) {
  const Json* meta = meta_of(params);
  if (meta == nullptr) return std::nullopt;
  for (const char* key : {"progressToken", "relatedRequestId", "requestId"}) {
    if (const auto id = whole(field(*meta, key))) return id;
  }
  return std::nullopt;
}

std::string related_task(const Json& params) {
  const Json* meta = meta_of(params);
  const Json* task = meta == nullptr ? nullptr : field(*meta, meta_related_task);
  return task == nullptr ? std::string() : text_field(*task, "taskId");
}

std::string subscription_id(const Json& params) {
  const Json* meta = meta_of(params);
  const Json* id = meta == nullptr ? nullptr : field(*meta, meta_subscription);
  return id == nullptr ? std::string() : dump(*id);
}

}  // namespace mcp
}  // namespace opsroom::tools

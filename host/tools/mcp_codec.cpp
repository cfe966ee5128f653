#include "tools/mcp_codec.hpp"

#include "base/failure.hpp"
#include "tools/base64.hpp"

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
constexpr const char* meta_call = "io.opsroom/call";
constexpr const char* meta_artifact = "io.opsroom/artifact";

Json client_info() {
  return {{"name", "opsroom"}, {"version", OPSROOM_VERSION}};
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// The bytes of an embedded resource: `blob` decoded, else `text`.
std::string resource_bytes(const Json& resource) {
  const std::string blob = text_of(resource, "blob");
  if (blob.empty()) return text_of(resource, "text");
  auto bytes = decode_base64(blob);
  if (!bytes) throw Failure(Code::invalid, "an embedded resource's blob is not base64");
  return std::move(*bytes);
}

/// The artifact an embedded resource declares itself to be; none when it is only content.
std::optional<ArtifactDraft> artifact_of(const Json& item) {
  const Json* resource = find(item, "resource");
  if (resource == nullptr) return std::nullopt;
  for (const Json* holder : {&item, resource}) {
    const Json* meta = find(*holder, "_meta");
    const Json* declared = meta == nullptr ? nullptr : find(*meta, meta_artifact);
    if (declared == nullptr) continue;
    ArtifactDraft draft;
    draft.kind = "file";
    draft.name = text_of(*declared, "name");
    if (draft.name.empty()) throw Failure(Code::invalid, "an artifact has no name");
    draft.media_type = text_of(*declared, "mediaType");
    if (draft.media_type.empty()) draft.media_type = text_of(*resource, "mimeType");
    if (draft.media_type.empty()) draft.media_type = "application/octet-stream";
    draft.content = resource_bytes(*resource);
    return draft;
  }
  return std::nullopt;
}

/// Text contents joined; artifacts are taken out on the way.
std::string read_content(Json& content, std::vector<ArtifactDraft>& artifacts) {
  std::string joined;
  for (Json& item : content) {
    if (auto artifact = artifact_of(item)) {
      artifacts.push_back(std::move(*artifact));
      continue;
    }
    if (text_of(item, "type") != "text" || !item.contains("text")) continue;
    if (!item["text"].is_string()) throw Failure(Code::invalid, "a text content has no text");
    if (!joined.empty()) joined += '\n';
    joined += item["text"].get_ref<const std::string&>();
  }
  return joined;
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

void add_modern_meta(Json& params) {
  Json& meta = params["_meta"];
  meta[meta_version] = modern_version;
  meta[meta_client] = client_info();
  meta[meta_capabilities] = Json::object();
  meta[meta_log_level] = "debug";
}

Json initialize_params(bool with_roots) {
  Json capabilities = Json::object();
  if (with_roots) capabilities["roots"] = Json::object();
  return {
      {"protocolVersion", newest_legacy_version},
      {"capabilities", std::move(capabilities)},
      {"clientInfo", client_info()}
  };
}

Json call_params(const CallContext& context) {
  const ToolCall& call = context.call;
  Json ours{
      {"run", call.run.value},
      {"step", call.step},
      {"attempt", call.attempt},
      {"idempotencyKey", call.idempotency_key},
      {"workdir", context.directory.string()},
      {"deadlineMs", context.deadline_unix_ms}
  };
  Json meta{{"progressToken", context.progress_token}, {meta_call, std::move(ours)}};
  return {
      {"name", context.name},
      {"arguments", call.arguments.is_null() ? Json::object() : call.arguments},
      {"_meta", std::move(meta)}
  };
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

Json roots_result(const std::filesystem::path& root) {
  Json entry{{"uri", file_uri(root)}, {"name", root.filename().string()}};
  return {{"roots", Json::array({std::move(entry)})}};
}

ResultType result_type(const Json& result) {
  const Json* word = find(result, "resultType");
  if (word == nullptr) return {};
  ResultType type{ResultType::Kind::unknown, word->is_string() ? word->get<std::string>() : ""};
  if (type.word == "complete") type.kind = ResultType::Kind::complete;
  if (type.word == "input_required") type.kind = ResultType::Kind::input_required;
  if (type.word == "task") type.kind = ResultType::Kind::task;
  return type;
}

std::vector<std::string> supported_versions(const Json& holder, std::string_view member) {
  std::vector<std::string> versions;
  const Json* list = find(holder, std::string(member).c_str());
  if (list == nullptr || !list->is_array()) return versions;
  for (const Json& entry : *list) {
    if (entry.is_string()) versions.push_back(entry.get<std::string>());
  }
  return versions;
}

ToolPage tool_page(Json result) {
  ToolPage page;
  const auto tools = result.is_object() ? result.find("tools") : result.end();
  if (!result.is_object() || tools == result.end() || !tools->is_array()) {
    throw Failure(Code::invalid, "its answer to tools/list has no array \"tools\"");
  }
  for (Json& tool : *tools) {
    if (text_of(tool, "name").empty()) {
      throw Failure(Code::invalid, "its answer to tools/list has a tool without a name");
    }
    page.tools.push_back(std::move(tool));
  }
  const Json* cursor = find(result, "nextCursor");
  if (cursor != nullptr && cursor->is_string()) page.next = cursor->get<std::string>();
  return page;
}

RpcError rpc_error(const Json& error) {
  RpcError out;
  const Json* code = find(error, "code");
  if (code != nullptr && code->is_number_integer()) out.code = code->get<int>();
  out.message = text_of(error, "message");
  if (out.message.empty()) out.message = "error without a message";
  if (const Json* data = find(error, "data")) out.data = *data;
  return out;
}

void read_call_result(Json result, ToolResult& into) {
  if (!result.is_object()) throw Failure(Code::invalid, "its result is not an object");
  const auto structured = result.find("structuredContent");
  const auto content = result.find("content");
  const bool has_content = content != result.end() && content->is_array();
  if (!has_content && structured == result.end()) {
    throw Failure(Code::invalid, "its result has neither content nor structuredContent");
  }
  std::string text;
  if (has_content) text = read_content(*content, into.artifacts);
  const Json* failed = find(result, "isError");
  into.succeeded = failed == nullptr || *failed != true;
  if (!into.succeeded) into.error = text.empty() ? "the tool reported an error" : text;
  if (structured != result.end() && !structured->is_null()) {
    into.output = std::move(*structured);
  } else {
    into.output = Json{{"text", std::move(text)}};
  }
}

std::string log_text(const Json& params) {
  const Json* data = find(params, "data");
  if (data == nullptr) return std::string();
  return data->is_string() ? data->get<std::string>() : dump(*data);
}

std::string log_stream(const Json& params) {
  std::string stream = text_of(params, "logger");
  if (stream.empty()) stream = text_of(params, "level");
  return stream.empty() ? "log" : stream;
}

}  // namespace mcp
}  // namespace opsroom::tools

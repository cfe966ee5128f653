#include "tools/call_content.hpp"

#include "base/failure.hpp"
#include "tools/base64.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace opsroom::tools::mcp {
namespace {

constexpr const char* meta_artifact = "io.opsroom/artifact";
/// In the meta of an artifact whose name was made up here, because the tool gave it none.
constexpr const char* meta_unnamed = "unnamed";
constexpr const char* any_bytes = "application/octet-stream";

/// The bytes of an embedded resource: `blob` decoded, else `text`.
std::string resource_bytes(const Json& resource) {
  const std::string blob = text_field(resource, "blob");
  if (blob.empty()) return text_field(resource, "text");
  auto bytes = decode_base64(blob);
  if (!bytes) throw Failure(Code::invalid, "an embedded resource's blob is not base64");
  return std::move(*bytes);
}

std::string media_type_of(const Json& holder) {
  std::string type = text_field(holder, "mimeType");
  return type.empty() ? any_bytes : type;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// The path of a file URI (RFC 8089, of this machine); empty when it is none.
std::string path_of(const std::string& uri) {
  constexpr std::string_view scheme = "file://";
  if (!uri.starts_with("file:///")) return {};
  std::string path;
  for (std::size_t i = scheme.size(); i < uri.size(); ++i) {
    const bool escaped = uri[i] == '%' && i + 2 < uri.size() && hex_value(uri[i + 1]) >= 0 &&
                         hex_value(uri[i + 2]) >= 0;
    path +=
        escaped ? static_cast<char>(hex_value(uri[i + 1]) * 16 + hex_value(uri[i + 2])) : uri[i];
    if (escaped) i += 2;
  }
  return path.find('\0') == std::string::npos ? path : std::string();
}

/// An artifact whose bytes lie in a file, which a link declares it to be.
std::optional<ArtifactDraft> linked_artifact(const Json& item) {
  const Json* meta = field(item, "_meta");
  const Json* declared = meta == nullptr ? nullptr : field(*meta, meta_artifact);
  if (declared == nullptr || text_field(item, "type") != "resource_link") return std::nullopt;
  ArtifactDraft draft;
  draft.kind = "file";
  draft.name = text_field(*declared, "name");
  draft.file = path_of(text_field(item, "uri"));
  if (draft.name.empty() || draft.file.empty()) {
    throw Failure(Code::invalid, "an artifact has no name, or its link is no file's");
  }
  draft.media_type = text_field(*declared, "mediaType");
  if (draft.media_type.empty()) draft.media_type = media_type_of(item);
  return draft;
}

/// The artifact an embedded resource declares itself to be; none when it is only content.
std::optional<ArtifactDraft> declared_artifact(const Json& item) {
  const Json* resource = field(item, "resource");
  if (resource == nullptr) return std::nullopt;
  for (const Json* holder : {&item, resource}) {
    const Json* meta = field(*holder, "_meta");
    const Json* declared = meta == nullptr ? nullptr : field(*meta, meta_artifact);
    if (declared == nullptr) continue;
    ArtifactDraft draft;
    draft.kind = "file";
    draft.name = text_field(*declared, "name");
    if (draft.name.empty()) throw Failure(Code::invalid, "an artifact has no name");
    draft.media_type = text_field(*declared, "mediaType");
    if (draft.media_type.empty()) draft.media_type = media_type_of(*resource);
    draft.content = resource_bytes(*resource);
    return draft;
  }
  return std::nullopt;
}

std::string_view extension_of(std::string_view media_type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> known{{
      {"image/png", "png"},
      {"image/jpeg", "jpg"},
      {"image/gif", "gif"},
      {"image/webp", "webp"},
      {"image/svg+xml", "svg"},
      {"audio/wav", "wav"},
      {"audio/mpeg", "mp3"},
      {"application/pdf", "pdf"},
      {"application/gzip", "gz"},
  }};
  for (const auto& [type, extension] : known) {
    if (type == media_type) return extension;
  }
  return "bin";
}

/// Takes the bytes out of `holder`'s base64 member, which gives way to the artifact's name. Bytes
/// that are no base64 stay as they came: the rest of the result is none the worse.
void take_bytes_out(Json& holder, const char* member, std::string_view what, ToolResult& into) {
  const auto data = holder.find(member);
  if (data == holder.end() || !data->is_string()) return;
  auto bytes = decode_base64(data->get_ref<const std::string&>());
  if (!bytes) return;
  ArtifactDraft draft;
  draft.kind = "file";
  draft.media_type = media_type_of(holder);
  draft.name =
      fmt::format("{}-{}.{}", what, into.artifacts.size() + 1, extension_of(draft.media_type));
  draft.content = std::move(*bytes);
  draft.meta[meta_unnamed] = true;
  holder.erase(data);
  holder["artifact"] = draft.name;
  into.artifacts.push_back(std::move(draft));
}

void keep_other(Json item, Json& others, ToolResult& into) {
  const std::string type = text_field(item, "type");
  if (type == "image" || type == "audio") take_bytes_out(item, "data", type, into);
  if (type == "resource") {
    const auto resource = item.find("resource");
    if (resource != item.end() && resource->is_object()) {
      take_bytes_out(*resource, "blob", type, into);
    }
  }
  others.push_back(std::move(item));
}

/// Text contents joined; artifacts and contents of other kinds are taken out on the way.
std::string read_content(Json& content, Json& others, ToolResult& into) {
  std::string joined;
  for (Json& item : content) {
    auto artifact = declared_artifact(item);
    if (!artifact) artifact = linked_artifact(item);
    if (artifact) {
      into.artifacts.push_back(std::move(*artifact));
      continue;
    }
    const auto text = item.is_object() ? item.find("text") : item.end();
    if (!item.is_object() || text_field(item, "type") != "text" || text == item.end()) {
      keep_other(std::move(item), others, into);
      continue;
    }
    if (!text->is_string()) throw Failure(Code::invalid, "a text content has no text");
    if (!joined.empty()) joined += '\n';
    joined += text->get_ref<const std::string&>();
  }
  return joined;
}

void take_verdict(bool failed, const std::string& text, ToolResult& into) {
  into.succeeded = !failed;
  if (failed) into.error = text.empty() ? "the tool reported an error" : text;
}

/// Links, embedded texts and what is not known beside a structured result, which has no place for
/// them: an artifact of their own.
void keep_beside(const Json& others, ToolResult& into) {
  Json kept = Json::array();
  for (const Json& item : others) {
    const Json* resource = object_field(item, "resource");
    const bool is_artifact =
        item.contains("artifact") || (resource != nullptr && resource->contains("artifact"));
    if (!is_artifact) kept.push_back(item);
  }
  if (kept.empty()) return;
  ArtifactDraft draft;
  draft.kind = "file";
  draft.media_type = "application/json";
  draft.name = fmt::format("content-{}.json", into.artifacts.size() + 1);
  draft.content = dump(kept);
  draft.meta[meta_unnamed] = true;
  into.artifacts.push_back(std::move(draft));
}

}  // namespace

void take_text_result(std::string text, bool failed, ToolResult& into) {
  take_verdict(failed, text, into);
  into.output = ToolOutput::of_text(std::move(text));
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
  Json others = Json::array();
  if (has_content) text = read_content(*content, others, into);
  const Json* failed = field(result, "isError");
  take_verdict(failed != nullptr && *failed == true, text, into);
  if (structured != result.end() && !structured->is_null()) {
    into.output = std::move(*structured);
    into.structured = true;
    keep_beside(others, into);
    return;
  }
  into.output = ToolOutput::of_text(std::move(text));
  if (!others.empty()) into.output.json()["content"] = std::move(others);
}

void name_artifacts(ToolResult& result, const std::string& step) {
  if (result.artifacts.empty()) return;
  std::map<std::string, std::string> names;
  for (ArtifactDraft& draft : result.artifacts) {
    if (draft.meta.erase(meta_unnamed) == 0 || step.empty()) continue;
    const std::string old = std::exchange(draft.name, fmt::format("{}-{}", step, draft.name));
    names[old] = draft.name;
  }
  Json& output = result.output.json();
  const auto content = output.is_object() ? output.find("content") : output.end();
  if (names.empty() || !output.is_object() || content == output.end()) return;
  for (Json& item : *content) {
    Json& holder = item.is_object() && item.contains("resource") ? item["resource"] : item;
    const auto name = names.find(text_field(holder, "artifact"));
    if (name != names.end()) holder["artifact"] = name->second;
  }
}

}  // namespace opsroom::tools::mcp

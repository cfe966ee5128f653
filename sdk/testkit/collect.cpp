#include "collect.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>

namespace opsroom::testkit {
namespace {

constexpr const char* meta_artifact = "io.opsroom/artifact";
constexpr const char* meta_refused = "io.opsroom/badArguments";

/// The path of a file: URI.
std::string path_in(const std::string& uri) {
  constexpr std::string_view scheme = "file://";
  std::string path;
  for (std::size_t i = scheme.size(); i < uri.size(); ++i) {
    if (uri[i] != '%' || i + 2 >= uri.size()) {
      path += uri[i];
    } else {
      path += static_cast<char>(std::stoi(uri.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return path;
}

bool take_artifact(const json& item, Result& into) {
  const json declared = item.value("_meta", json::object()).value(meta_artifact, json());
  if (!declared.is_object()) return false;
  Artifact artifact{declared.value("name", ""), declared.value("mediaType", ""), ""};
  if (item.value("type", "") == "resource_link") {
    artifact.bytes = file_bytes(path_in(item.value("uri", "")));
  } else {
    const json resource = item.value("resource", json::object());
    artifact.bytes = resource.contains("blob") ? decoded_base64(resource.value("blob", ""))
                                               : resource.value("text", "");
  }
  into.artifacts.push_back(std::move(artifact));
  return true;
}

const json* tool_in(const json& manifest, const std::string& name) {
  for (const json& tool : manifest.at("tools"))
    if (tool.value("name", "") == name) return &tool;
  return nullptr;
}

}  // namespace

std::string decoded_base64(std::string_view text) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char letter : text) {
    const std::size_t value = letters.find(letter);
    if (value == std::string_view::npos) break;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFFU);
  }
  return bytes;
}

std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("can't read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void take_result(json result, const json& manifest, const std::string& tool, Result& into) {
  const bool failed = result.value("isError", false);
  const bool refused = result.value("_meta", json::object()).contains(meta_refused);
  into.end = refused ? End::refused : failed ? End::failed : End::completed;
  json content = json::array();
  for (const json& item : result.value("content", json::array()))
    if (!take_artifact(item, into)) content.push_back(item);
  result["content"] = std::move(content);
  into.raw = std::move(result);
  const json* entry = tool_in(manifest, tool);
  if (entry == nullptr || into.end != End::completed || !entry->contains("outputSchema")) return;
  into.schema_problems = schema_problems((*entry)["outputSchema"], into.data());
}

json answered(const json& requests, const CallSpec& spec, Result& into) {
  json responses = json::object();
  bool all = true;
  for (const auto& [key, request] : requests.items()) {
    const json params = request.value("params", json::object());
    into.questions.push_back(
        {key, params.value("message", ""), params.value("requestedSchema", json())}
    );
    const auto found = spec.answers.find(key);
    if (found == spec.answers.end()) {
      all = false;
      continue;
    }
    responses[key] = {{"action", found->second.action}};
    if (found->second.action == "accept") responses[key]["content"] = found->second.content;
  }
  return all ? responses : json(nullptr);
}

std::string Result::text() const {
  std::string joined;
  if (!raw.is_object()) return joined;
  for (const json& item : raw.value("content", json::array())) {
    if (item.value("type", "") != "text") continue;
    joined += (joined.empty() ? "" : "\n") + item.value("text", "");
  }
  return joined;
}

json Result::data() const {
  return raw.is_object() ? raw.value("structuredContent", json()) : json();
}

std::ostream& operator<<(std::ostream& out, End end) {
  constexpr const char* names[] = {
      "completed", "failed", "refused", "cancelled", "unanswered", "unknown", "broken"
  };
  return out << names[static_cast<int>(end)];
}

std::ostream& operator<<(std::ostream& out, const Result& result) {
  out << result.end << " after " << result.rounds << " rounds: " << result.raw;
  for (const LogLine& line : result.logs)
    out << "\n  " << line.level << ' ' << line.logger << ": " << line.text;
  for (const Question& question : result.questions)
    out << "\n  asked " << question.key << ": " << question.text;
  return out;
}

Result Tool::call(const std::string& tool, json arguments) {
  CallSpec spec;
  spec.tool = tool;
  spec.arguments = std::move(arguments);
  return call(spec);
}

std::size_t cancel_everywhere(
    Tool& tool, const CallSpec& spec, const std::function<void(std::size_t, const Result&)>& after
) {
  const std::size_t checkpoints = tool.call(spec).checkpoints;
  for (std::size_t n = 1; n <= checkpoints; ++n) {
    CallSpec once = spec;
    once.cancel_at = n;
    after(n, tool.call(once));
  }
  return checkpoints;
}

}  // namespace opsroom::testkit

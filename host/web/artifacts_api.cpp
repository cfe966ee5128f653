#include "base/failure.hpp"
#include "model/to_json.hpp"
#include "web/diff_json.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace opsroom::web {
namespace {

ArtifactId artifact_id(const Call& call) {
  return id_at<ArtifactId>(call, "id", "artifact");
}

/// Tools choose media types. Only those a browser cannot take for a page or script are repeated.
std::string safe_media_type(const std::string& declared) {
  static constexpr std::array<std::string_view, 3> harmless{
      "text/plain", "text/x-diff", "application/json"
  };
  const std::string bare = declared.substr(0, declared.find(';'));
  const bool known = std::find(harmless.begin(), harmless.end(), bare) != harmless.end();
  if (!known) return "application/octet-stream";
  return bare.starts_with("text/") ? bare + "; charset=utf-8" : bare;
}

/// Both forms of a file name: plain for old clients, percent-encoded UTF-8 for the rest.
std::string attachment(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  std::string plain;
  std::string encoded;
  for (const char c : name) {
    const bool ordinary = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    plain += ordinary ? c : '_';
    encoded += ordinary ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  if (plain.empty()) return "attachment";
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, encoded);
}

Task<Response> list(const Services& services, Call call) {
  const auto id = id_at<RunId>(call, "id", "run");
  co_await services.ledger.run(id);
  const auto artifacts = co_await services.ledger.artifacts(id);
  co_return json_response(Json{{"artifacts", to_json_array(artifacts)}});
}

Task<Response> show(const Services& services, Call call) {
  const Artifact artifact = co_await services.ledger.artifact(artifact_id(call));
  co_return json_response(to_json(artifact));
}

Task<Response> content(const Services& services, Call call) {
  const Artifact artifact = co_await services.ledger.artifact(artifact_id(call));
  std::string bytes = co_await services.ledger.artifact_content(artifact.id);
  Response response = text_response(std::move(bytes), safe_media_type(artifact.media_type));
  response.headers.add("Content-Disposition", attachment(artifact.name));
  response.headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  co_return response;
}

Task<Response> diff(const Services& services, Call call) {
  const Artifact artifact = co_await services.ledger.artifact(artifact_id(call));
  if (artifact.kind != "diff") {
    throw Failure(
        Code::invalid,
        fmt::format("artifact {} is a {}, not a diff", artifact.id, artifact.kind),
        "Its content is under /content."
    );
  }
  auto reading = read_diff(services, artifact);
  co_return json_response(co_await std::move(reading));
}

}  // namespace

Task<Json> read_diff(const Services& services, Artifact artifact) {
  const std::string patch = co_await services.ledger.artifact_content(artifact.id);
  const auto work = [&patch] { return diff_files(patch, DiffLimits{}); };
  Json diff = co_await services.pool.run(work);
  diff["artifact_id"] = artifact.id.value;
  diff["run_id"] = artifact.run.value;
  diff["updated_at"] = artifact.updated_at;
  for (const std::string_view key : {"base", "head", "branch"}) {
    const auto found = artifact.meta.find(key);
    diff[std::string(key)] = found == artifact.meta.end() ? Json() : *found;
  }
  co_return diff;
}

void add_artifact_routes(Router& router, const Services& services) {
  const auto get = [&](std::string pattern, Task<Response> (*handler)(const Services&, Call)) {
    router.add("GET", std::move(pattern), Access::identity, [&services, handler](Call call) {
      return handler(services, std::move(call));
    });
  };
  get("/api/runs/{id}/artifacts", list);
  get("/api/artifacts/{id}", show);
  get("/api/artifacts/{id}/content", content);
  get("/api/artifacts/{id}/diff", diff);
}

}  // namespace opsroom::web

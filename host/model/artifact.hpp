#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace opsroom {

/// Something a step left behind. `kind` is log, diff, file, manifest or bundle. The content lies
/// once by digest in ops.blobs. A diff keeps its id while it is updated.
struct Artifact {
  ArtifactId id;
  RunId run;
  std::string step;
  std::string kind;
  std::string name;  ///< unique within (run, kind)
  std::string media_type;
  std::int64_t size = 0;
  std::string sha256;
  Json meta =
      Json::object();  ///< a diff: {"base","tree","head","files":[{path,status,added,deleted}]}
  std::string created_at;
  std::string updated_at;
};

/// An artifact on its way in: the content is there, or still in a file, id and digest are not.
struct ArtifactDraft {
  std::string step;
  std::string kind;
  std::string name;
  std::string media_type;
  std::string content;
  Json meta = Json::object();
  std::filesystem::path file{};  ///< where the tool has left the content; empty: it is here
};

}  // namespace opsroom

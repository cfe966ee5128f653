#include "base/text.hpp"
#include "tools/artifact_files.hpp"
#include "tools/invocation.hpp"
#include "tools/lent_text.hpp"

#include <cstring>
#include <opsroom/extensions.h>

// The powers that a plugin asks for by name: the same ones as the runner lends to a plugin of this
// host's in a process of its own.

namespace opsroom::tools {

const void* Invocation::extension(const char* id) {
  static const opsroom_secrets secrets{[](void* host, opsroom_text name) {
    opsroom_text found{nullptr, 0};
    taken([&] { found = self(host).secret(copy(name)); });
    return found;
  }};
  // A question may take days, and a thread of the worker is not held that long: need_input() it is.
  static const opsroom_elicit elicit{
      [](void*, opsroom_text, void (*)(void*, opsroom_text), void*) -> opsroom_status {
        return OPSROOM_INPUT_REQUIRED;
      }
  };
  static const opsroom_artifact_file artifact_file{
      [](void* host, opsroom_text name, opsroom_text type, opsroom_text path) {
        opsroom_status status = OPSROOM_BAD_ARGUMENTS;
        taken([&] { status = self(host).artifact_file(copy(name), copy(type), copy(path)); });
        return status;
      }
  };
  static const opsroom_client client{[](void* host) {
    const std::string_view capabilities = self(host).given_.capabilities;
    return opsroom_text{capabilities.data(), capabilities.size()};
  }};
  // Nobody subscribes to a plugin's resources here.
  static const opsroom_changes changes{[](void* host, opsroom_text) {
    const std::lock_guard lock(self(host).mutex_);
    self(host).over();
  }};
  if (std::strcmp(id, OPSROOM_EXT_SECRETS) == 0) return &secrets;
  if (std::strcmp(id, OPSROOM_EXT_ELICIT) == 0) return &elicit;
  if (std::strcmp(id, OPSROOM_EXT_ARTIFACT_FILE) == 0) return &artifact_file;
  if (std::strcmp(id, OPSROOM_EXT_CLIENT) == 0) return &client;
  return std::strcmp(id, OPSROOM_EXT_CHANGES) == 0 ? &changes : nullptr;
}

/// Lent until the invocation has returned, as all that was given.
opsroom_text Invocation::secret(const std::string& name) const {
  const auto found = given_.secrets.find(name);
  if (found == given_.secrets.end()) return {nullptr, 0};
  return {found->second.data(), found->second.size()};
}

/// Looked for before the mutex is taken: a file system may take its time.
opsroom_status Invocation::artifact_file(std::string name, std::string type, std::string path) {
  const auto file = acceptable_artifact(path, given_.workdir);
  const std::lock_guard lock(mutex_);
  if (over()) return OPSROOM_CANCELLED;
  if (!file || name.empty()) return OPSROOM_BAD_ARGUMENTS;
  ArtifactDraft draft;
  draft.kind = "file";
  draft.name = printable_utf8(name);
  draft.media_type = type.empty() ? "application/octet-stream" : printable_utf8(type);
  draft.file = *file;
  artifacts_.push_back(std::move(draft));
  return OPSROOM_OK;
}

}  // namespace opsroom::tools

#pragma once

#include "base/json.hpp"
#include "model/artifact.hpp"
#include "model/audit_entry.hpp"
#include "model/event.hpp"
#include "model/input.hpp"
#include "model/run.hpp"
#include "model/step.hpp"

namespace opsroom {

/// The public shapes of the HTTP API, the event stream and `--json`. The root is always an object,
/// and every field is always there: null says "nothing".
Json to_json(const Session& session);
Json to_json(const Run& run);
Json to_json(const Step& step);
Json to_json(const Event& event);
Json to_json(const Artifact& artifact);
/// `params` as the tool's server sent them: untrusted. What seems to be a secret in the answer's
/// content is redacted.
Json to_json(const InputRequest& input);
/// The same with the content as it was given: for the tool that asked alone.
Json to_json_with_secrets(const InputRequest& input);
/// What does not apply to its kind is null.
Json to_json(const AuditEntry& entry);

template <class T>
Json to_json_array(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items)
    array.push_back(to_json(item));
  return array;
}

}  // namespace opsroom

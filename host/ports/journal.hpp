#pragma once

#include "base/async.hpp"
#include "model/artifact.hpp"
#include "model/event.hpp"
#include "model/run.hpp"

#include <vector>

namespace opsroom {

/// Where a run's events and artifacts go. The owner of the lease numbers the events; writing the
/// same numbers again changes nothing, so a write of unknown outcome is simply repeated. Throws
/// LeaseLost when the claim's token has changed. Io thread only.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Durable when it returns; readers are notified.
  virtual Task<> append(Claim claim, std::vector<Event> events) = 0;

  /// Stores or replaces the artifact (run, kind, name) and returns it; the caller tells of it by an
  /// `artifact` event of its own numbering.
  virtual Task<Artifact> put_artifact(Claim claim, ArtifactDraft draft) = 0;
};

}  // namespace opsroom

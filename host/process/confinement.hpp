#pragma once

#include "process/spawn_spec.hpp"

namespace opsroom::process {

/// How far a program is shut in. One place decides and one applies, so that a run is never confined
/// less than its record says.
enum class Confinement {
  basic,  ///< own session, closed descriptors, clean environment, limits, no new privileges
};

/// Shuts the calling process in: the last act before exec, after the user has been changed (a
/// change of user undoes part of it). Returns 0 or the errno that stopped it.
int confine(Confinement level);

}  // namespace opsroom::process

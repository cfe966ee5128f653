#pragma once

#include "base/failure.hpp"
#include "process/spawn_protocol.hpp"
#include "process/spawn_spec.hpp"

#include <optional>

namespace opsroom::process {

/// Failure{invalid} for what no operating system could start: no program, NUL bytes, "=" in a name.
void check(const SpawnSpec& spec);

/// What opsroom-spawn reported, said to a person. Without a report it ended before it could say.
Failure start_failure(const SpawnSpec& spec, const std::optional<Report>& report);

Failure start_timeout(const SpawnSpec& spec);

}  // namespace opsroom::process

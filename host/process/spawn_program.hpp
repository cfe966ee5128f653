#pragma once

#include "process/spawn_protocol.hpp"
#include "process/spawn_spec.hpp"

#include <sys/types.h>

namespace opsroom::process {

/// Turns the calling process, freshly forked by `supervisor`, into the program. On failure writes
/// one Report{failed} to `errors` (close-on-exec) and ends.
[[noreturn]] void become_program(const SpawnSpec& spec, pid_t supervisor, int errors);

}  // namespace opsroom::process

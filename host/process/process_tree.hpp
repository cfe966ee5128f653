#pragma once

#include <sys/types.h>
#include <vector>

namespace opsroom::process {

/// Direct children of a process, of all its threads. May miss some while processes come and go:
/// call again until nothing is left.
std::vector<pid_t> children_of(pid_t pid);

/// SIGKILL to the given direct children of the caller and to everything below them, wherever it has
/// gone: stopped first, so that a tree that forks as fast as it dies cannot outrun the sweep. The
/// caller must be a subreaper (orphans become its children) and reaps them; call until none is
/// left.
void kill_trees(const std::vector<pid_t>& roots);

}  // namespace opsroom::process

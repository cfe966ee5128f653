#pragma once

#include <filesystem>

namespace opsroom::process {

/// Makes this process fit to keep children: called once by main, before the first child.
///
/// PR_SET_CHILD_SUBREAPER: what survives an opsroom-spawn that was itself killed becomes our child,
/// and is killed and reaped by a background thread. Therefore this process must have no children
/// but those it starts through Spawner. PR_SET_DUMPABLE 0: a child of the same user can neither
/// read our memory and environment nor attach to us.
void become_subreaper_and_undumpable();

/// A child that closes its stdin must cost a failed write, not this process.
void ignore_sigpipe();

/// The opsroom-spawn that belongs to this executable: beside it, or where an install or a build
/// tree puts it. Failure{not_found} names the places.
std::filesystem::path find_spawn_helper();

}  // namespace opsroom::process

#pragma once

#include <functional>
#include <sys/types.h>

/// Which children of this process are ours. The kernel keeps one list of children per process,
/// whoever started them or left them to us, so this register is one per process too. Thread-safe.
namespace opsroom::process {

/// Runs `spawn` and registers the pid it returns, so that no sweep sees the child in between.
pid_t register_child(const std::function<pid_t()>& spawn);

/// Waits for a registered child without blocking; its wait status once it has ended and is reaped.
struct Reaped {
  bool done = false;
  int status = 0;
};
Reaped reap_child(pid_t pid);

/// Reaps a registered child in the background, for an owner that can no longer wait.
void reap_child_later(pid_t pid);

/// From now on children that nobody registered are killed: see become_subreaper_and_undumpable().
void adopt_orphans();

/// One sweep: kills and reaps unregistered children. True when none is left (or none are adopted).
bool kill_adopted();

}  // namespace opsroom::process

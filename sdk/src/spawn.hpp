#pragma once
#include <opsroom/child.hpp>
#include <sys/types.h>

namespace opsroom::sdk {

/// A started program and our ends of its pipes.
struct Spawned {
  pid_t pid = -1;
  Fd input;  ///< non-blocking
  Fd out;    ///< non-blocking
  Fd err;    ///< non-blocking
};

/// Starts the program in a process group of its own, with only fds 0 to 2 and default signals; it
/// dies with the calling thread. Throws NotStarted when it can't be executed.
Spawned spawn(const ChildSpec& spec);

}  // namespace opsroom::sdk

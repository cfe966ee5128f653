#pragma once

#include <cstddef>
#include <sys/types.h>

namespace opsroom::cli {

/// What a process holds at one moment, as /proc tells; zeros when it is gone.
struct Usage {
  std::size_t memory = 0;  ///< resident and its own, bytes
  std::size_t files = 0;
  std::size_t threads = 0;
};

Usage usage_of(pid_t pid);

}  // namespace opsroom::cli

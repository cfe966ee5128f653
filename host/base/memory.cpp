#include "base/memory.hpp"

#include <malloc.h>

namespace opsroom {

// glibc raises this threshold with every large block that is freed, and from then on keeps such
// blocks: 200 results of 1 MiB left 54 MB behind instead of 15.
void return_large_blocks() {
  constexpr int large = 2 << 20;
  ::mallopt(M_MMAP_THRESHOLD, large);
}

}  // namespace opsroom

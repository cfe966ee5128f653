#pragma once

namespace opsroom {

/// Has large blocks, the buffers of large messages above all, given back to the system as soon as
/// they are freed, instead of being kept for the next ones. Once, at the start of a process.
void return_large_blocks();

}  // namespace opsroom

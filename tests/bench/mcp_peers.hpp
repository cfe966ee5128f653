#pragma once

#include "bench/mcp_room.hpp"
#include "bench/report.hpp"

#include <string_view>

namespace opsroom::bench {

/// Some 64 characters there and back.
Job small_job();
/// 1 MiB back.
Job big_job();

/// The rows beside the clients of the TypeScript SDKs: both clients with the raw server, then with
/// servers of those SDKs. Says on stderr what is left out where they are not installed.
Task<> measure_peers(Room& room, Report& report);

/// The argument with which bench_mcp starts itself anew, to see what memory only our client needs.
inline constexpr std::string_view memory_only = "--memory-only";
/// Has 200 texts of 1 MiB echoed one by one, 200 more eight at a time, takes 200 responses of 1
/// MiB, then prints the process' resident MB.
Task<> use_memory(Room& room);

}  // namespace opsroom::bench

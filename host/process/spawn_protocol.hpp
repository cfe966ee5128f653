#pragma once

#include "process/spawn_spec.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What the host and opsroom-spawn say to each other on descriptor 3. Both are built from the same
/// source, so the bytes are in the machine's own order and carry no version.
namespace opsroom::process {

constexpr int control_fd = 3;

/// The frame the host sends first: a 64-bit length, then the fields.
std::string encode(const SpawnSpec& spec);

/// The fields after the length. std::runtime_error when they are not what `encode` writes.
SpawnSpec decode(std::string_view fields);

/// The largest frame opsroom-spawn accepts; argv and environment may be 2 MiB by default on Linux.
constexpr std::uint64_t max_frame_bytes = 64u << 20;

/// What the host asks for after that, one byte each. End of file means kill.
enum class Request : char {
  terminate = 't',
  kill = 'k',
  trust = 'u',  ///< an std::int64_t follows: kill when CLOCK_BOOTTIME is at so many milliseconds
};

/// Where the start of a program failed.
enum class Step : std::int32_t {
  fork,         ///< no process, memory or descriptor for it
  session,      ///< setsid, PR_SET_PDEATHSIG
  limits,       ///< setrlimit
  user,         ///< setgroups, setgid, setuid
  directory,    ///< chdir
  confinement,  ///< the sandbox
  program,      ///< exec, or the program is not on PATH
  interpreter,  ///< the program is there; its #! line or dynamic loader names a missing file
};

struct Report {
  enum class Kind : std::int32_t {
    started,
    failed,
    exited,
    signaled,
    expired,  ///< the trust ran out; the kill follows
  };
  Kind kind{};
  std::int32_t value = 0;  ///< pid, Step, exit code or signal number
  std::int32_t error = 0;  ///< errno of a failed step
};

}  // namespace opsroom::process

#pragma once

#include <cstddef>
#include <string_view>

namespace opsroom::process {

/// A shell script: ignores SIGTERM, has a grandchild, and a double-forked daemon in a session of
/// its own that holds stdout. Prints the three pids.
constexpr const char* stubborn_tree_without_wait =
    "trap '' TERM; echo $$; "
    "sh -c 'echo $$; exec sleep 1000' & "
    "(setsid sh -c 'echo $$; exec sleep 1000' &) ; ";
constexpr const char* stubborn_tree =
    "trap '' TERM; echo $$; "
    "sh -c 'echo $$; exec sleep 1000' & "
    "(setsid sh -c 'echo $$; exec sleep 1000' &) ; "
    "while :; do sleep 1000; done";
constexpr std::size_t stubborn_tree_size = 3;

}  // namespace opsroom::process

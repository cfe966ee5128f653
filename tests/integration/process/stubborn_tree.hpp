#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace opsroom::process {

/// A shell script that ignores SIGTERM, has a grandchild, and a double-forked daemon in a session
/// of its own that holds stdout. Prints the three pids; what the main process does then is to be
/// added.
inline const std::string stubborn_start =
    "trap '' TERM; echo $$; "
    "sh -c 'echo $$; exec sleep 1000' & "
    "(setsid sh -c 'echo $$; exec sleep 1000' &) ; ";
inline const std::string stubborn_tree = stubborn_start + "while :; do sleep 1000; done";
constexpr std::size_t stubborn_tree_size = 3;

/// How long the fork chains of process_test_host go on when nobody kills them.
constexpr std::chrono::seconds fork_chains_last{15};

}  // namespace opsroom::process

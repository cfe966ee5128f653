#pragma once
#include <string_view>

namespace opsroom::runner {

/// Sets resource limits from text such as "as=2G,core=0,nofile=256": names of setrlimit(2) in lower
/// case (as, data, stack, fsize, cpu, nofile, nproc, core), numbers with an optional K, M or G.
/// Throws std::invalid_argument that names the part that is wrong.
void apply_limits(std::string_view text);

}  // namespace opsroom::runner

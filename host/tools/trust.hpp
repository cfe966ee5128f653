#pragma once

#include "process/trust.hpp"

namespace opsroom::tools {

/// Of one run: shared by its tools, which renew it, and its servers.
using process::Trust;

}  // namespace opsroom::tools

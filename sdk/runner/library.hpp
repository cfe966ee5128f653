#pragma once
#include <opsroom/plugin.h>
#include <string>

namespace opsroom::runner {

/// Loads a plugin library for the rest of the process's life and checks that its entry speaks this
/// ABI. Throws NotAPlugin (see elf_check.hpp).
const opsroom_plugin& load_plugin(const std::string& path);

}  // namespace opsroom::runner

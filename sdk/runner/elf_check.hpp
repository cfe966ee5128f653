#pragma once
#include <stdexcept>
#include <string>

namespace opsroom::runner {

/// A file that can't be loaded as a plugin: names the reason and the remedy, not the file.
class NotAPlugin : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the ELF file without loading it, so that a wrong one never gets to run its initialisers:
/// a shared library, for this architecture, that exports the plugin entry. Throws NotAPlugin.
void check_elf(const std::string& path);

}  // namespace opsroom::runner

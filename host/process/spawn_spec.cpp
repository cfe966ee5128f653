#include "process/spawn_spec.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

namespace opsroom::process {

Environment base_environment() {
  constexpr std::array names{"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"};
  Environment environment;
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) environment.emplace(name, value);
  }
  return environment;
}

std::string ExitStatus::text() const {
  if (code) return "exited with " + std::to_string(*code);
  if (!signal) return "not ended";
  const char* name = ::sigabbrev_np(*signal);
  return name ? std::string("killed by SIG") + name : "killed by signal " + std::to_string(*signal);
}

}  // namespace opsroom::process

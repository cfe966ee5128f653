#include "cli/plugin_usage.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace opsroom::cli {
namespace {

std::size_t entries(const std::filesystem::path& directory) {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    ++count;
  return count;
}

}  // namespace

Usage usage_of(pid_t pid) {
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  Usage usage;
  std::size_t total = 0;
  std::size_t resident = 0;
  std::size_t shared = 0;
  if (std::ifstream(process / "statm") >> total >> resident >> shared)
    usage.memory = (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  usage.files = entries(process / "fd");
  usage.threads = entries(process / "task");
  return usage;
}

}  // namespace opsroom::cli

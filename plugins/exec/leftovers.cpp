#include "leftovers.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <opsroom/beneath.hpp>
#include <string_view>
#include <sys/random.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace opsroom::exec {
namespace {

/// A fork bomb could win the race for ever; its cgroup or ulimit is what ends it.
constexpr int most_rounds = 100;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string environment_of(const std::string& pid) {
  const Fd file(::open(("/proc/" + pid + "/environ").c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> chunk;
  while (file) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

bool is_pid(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Mark::Mark() {
  std::array<std::uint64_t, 2> random{};
  if (::getrandom(random.data(), sizeof random, 0) != static_cast<ssize_t>(sizeof random))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  std::array<char, 33> text{};
  std::snprintf(
      text.data(),
      text.size(),
      "%016llx%016llx",
      static_cast<unsigned long long>(random[0]),
      static_cast<unsigned long long>(random[1])
  );
  value_ = text.data();
}

void Mark::kill_bearers() const {
  for (int round = 0; round < most_rounds && kill_all_found(); ++round) {
  }
}

bool Mark::kill_all_found() const {
  const std::string wanted = std::string(variable) + "=" + value_;
  const std::unique_ptr<DIR, CloseDirectory> processes(::opendir("/proc"));
  bool found = false;
  while (processes) {
    const dirent* entry = ::readdir(processes.get());
    if (entry == nullptr) break;
    const std::string pid = entry->d_name;
    if (!is_pid(pid)) continue;
    // The handle first: should the number pass on to somebody else, the signal goes nowhere.
    const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(pid), 0)));
    if (!handle || environment_of(pid).find(wanted) == std::string::npos) continue;
    if (::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0) == 0) found = true;
  }
  return found;
}

}  // namespace opsroom::exec

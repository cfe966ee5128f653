#include "process/host_process.hpp"

#include "base/failure.hpp"
#include "process/own_children.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

namespace opsroom::process {

void become_subreaper_and_undumpable() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    throw system_failure(errno, "becoming the reaper of orphaned processes");
  }
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    throw system_failure(errno, "closing this process to other processes of its user");
  }
  adopt_orphans();
}

void ignore_sigpipe() {
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  if (::sigaction(SIGPIPE, &action, nullptr) != 0) throw system_failure(errno, "ignoring SIGPIPE");
}

std::filesystem::path find_spawn_helper() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw system_failure(error.value(), "reading /proc/self/exe");
  const std::filesystem::path here = self.parent_path();
  const std::array places{here, here / "../libexec/opsroom", here / "../bin"};
  for (const auto& place : places) {
    const auto candidate = (place / "opsroom-spawn").lexically_normal();
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw Failure(
      Code::not_found,
      fmt::format("opsroom-spawn is neither in {} nor in ../libexec/opsroom", here.string()),
      "Install it beside the opsroom executable; nothing can be started without it."
  );
}

}  // namespace opsroom::process

#include "process/process_tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <set>
#include <signal.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

struct Member {
  pid_t pid;
  pid_t parent;
};

/// Content of a file below /proc; nullopt when the process has gone.
std::optional<std::string> read_proc(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string content;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = ::read(fd, buffer, sizeof buffer)) > 0) {
    content.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return content;
}

std::vector<pid_t> numbered_entries(const std::string& directory) {
  std::vector<pid_t> numbers;
  DIR* dir = ::opendir(directory.c_str());
  if (!dir) return numbers;
  while (const dirent* entry = ::readdir(dir)) {
    const pid_t number = std::atoi(entry->d_name);
    if (number > 0) numbers.push_back(number);
  }
  ::closedir(dir);
  return numbers;
}

/// Field 4 of /proc/PID/stat. The name in field 2 may hold spaces and parentheses, so count from
/// its last one. 0 when the process has gone.
pid_t parent_of(pid_t pid) {
  const auto stat = read_proc("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return 0;
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 4 > stat->size()) return 0;
  return std::atoi(stat->c_str() + name_end + 4);
}

std::vector<pid_t> parse_pids(const std::string& text) {
  std::vector<pid_t> pids;
  const char* at = text.c_str();
  char* end = nullptr;
  while (const long pid = std::strtol(at, &end, 10)) {
    if (end == at) break;
    pids.push_back(static_cast<pid_t>(pid));
    at = end;
  }
  return pids;
}

/// For kernels built without CONFIG_PROC_CHILDREN.
std::vector<pid_t> children_by_scan(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t candidate : numbered_entries("/proc")) {
    if (parent_of(candidate) == pid) children.push_back(candidate);
  }
  return children;
}

bool kernel_lists_children() {
  static const bool listed = [] {
    const std::string self = std::to_string(::getpid());
    return ::access(("/proc/" + self + "/task/" + self + "/children").c_str(), R_OK) == 0;
  }();
  return listed;
}

/// The roots and all below them, parents before children.
std::vector<Member> members_of(const std::vector<pid_t>& roots) {
  std::vector<Member> members;
  std::set<pid_t> seen;
  const auto add = [&](pid_t pid, pid_t parent) {
    if (seen.insert(pid).second) members.push_back({pid, parent});
  };
  for (const pid_t root : roots)
    add(root, ::getpid());
  for (std::size_t next = 0; next < members.size(); ++next) {
    const pid_t parent = members[next].pid;
    for (const pid_t child : children_of(parent))
      add(child, parent);
  }
  return members;
}

/// A child of ours keeps its pid until we reap it. A grandchild's may have passed to a stranger
/// since it was listed, so it is pinned by a pidfd and signalled only when it still hangs in this
/// tree.
void signal_member(const Member& member, int signal) {
  if (member.parent == ::getpid()) {
    ::kill(member.pid, signal);
    return;
  }
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, member.pid, 0));
  if (pidfd < 0) return;
  const pid_t parent = parent_of(member.pid);
  if (parent == member.parent || parent == ::getpid()) {
    ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
  }
  ::close(pidfd);
}

}  // namespace

std::vector<pid_t> children_of(pid_t pid) {
  if (!kernel_lists_children()) return children_by_scan(pid);
  std::vector<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
  for (const pid_t thread : numbered_entries(tasks)) {
    const auto listed = read_proc(tasks + std::to_string(thread) + "/children");
    if (!listed) continue;
    const std::vector<pid_t> pids = parse_pids(*listed);
    children.insert(children.end(), pids.begin(), pids.end());
  }
  return children;
}

void kill_trees(const std::vector<pid_t>& roots) {
  constexpr int max_rounds = 64;
  std::set<pid_t> stopped;
  std::vector<Member> members;
  for (int round = 0; round < max_rounds; ++round) {
    members = members_of(roots);
    const std::size_t before = stopped.size();
    for (const Member& member : members) {
      if (stopped.insert(member.pid).second) signal_member(member, SIGSTOP);
    }
    if (stopped.size() == before) break;
  }
  for (const Member& member : members)
    signal_member(member, SIGKILL);
}

}  // namespace opsroom::process

#include "process/own_children.hpp"

#include "process/process_tree.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <pthread.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace opsroom::process {
namespace {

struct Register {
  std::mutex mutex;
  std::set<pid_t> ours;
  bool adopting = false;
};

/// Never destroyed: background reapers may outlive main.
Register& children() {
  static auto* const instance = new Register;
  return *instance;
}

Reaped wait_for(pid_t pid, int flags) {
  Reaped reaped;
  pid_t got = 0;
  do {
    got = ::waitpid(pid, &reaped.status, flags);
  } while (got < 0 && errno == EINTR);
  // ECHILD: somebody waited for all children; its end is all that can be said.
  reaped.done = got != 0;
  if (reaped.done) {
    const std::lock_guard lock(children().mutex);
    children().ours.erase(pid);
  }
  return reaped;
}

void start_thread(const char* name, void (*body)(pid_t), pid_t argument) {
  std::thread thread(body, argument);
  ::pthread_setname_np(thread.native_handle(), name);
  thread.detach();
}

/// Orphans arrive without any signal to wait for; a sweep reads one small file per thread.
void sweep_forever(pid_t) {
  while (true) {
    kill_adopted();
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

pid_t register_child(const std::function<pid_t()>& spawn) {
  const std::lock_guard lock(children().mutex);
  const pid_t pid = spawn();
  children().ours.insert(pid);
  return pid;
}

Reaped reap_child(pid_t pid) {
  return wait_for(pid, WNOHANG);
}

void reap_child_later(pid_t pid) {
  start_thread("reap", [](pid_t child) { wait_for(child, 0); }, pid);
}

void adopt_orphans() {
  {
    const std::lock_guard lock(children().mutex);
    if (std::exchange(children().adopting, true)) return;
  }
  start_thread("reap-orphans", sweep_forever, 0);
}

bool kill_adopted() {
  const std::lock_guard lock(children().mutex);
  if (!children().adopting) return true;
  std::vector<pid_t> strangers;
  for (const pid_t pid : children_of(::getpid())) {
    if (!children().ours.contains(pid)) strangers.push_back(pid);
  }
  if (strangers.empty()) return true;
  kill_trees(strangers);
  for (const pid_t pid : strangers)
    ::waitpid(pid, nullptr, WNOHANG);
  return false;
}

}  // namespace opsroom::process

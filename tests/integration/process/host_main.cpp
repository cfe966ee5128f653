// A small host, started by the tests to be killed or to be given killed watchers. Says what came of
// it in one line on stdout.

#include "integration/process/stubborn_tree.hpp"
#include "process/child_process.hpp"
#include "process/host_process.hpp"
#include "process/line_reader.hpp"
#include "process/own_children.hpp"
#include "process/process_tree.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace opsroom::process {
namespace {

SpawnSpec shell(const std::string& script) {
  SpawnSpec spec;
  spec.argv = {"sh", "-c", script};
  spec.directory = "/";
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  return spec;
}

struct Tree {
  std::unique_ptr<ChildProcess> child;
  std::vector<pid_t> pids;
};

Task<Tree> start_tree(Spawner& spawner) {
  Tree tree;
  tree.child = co_await ChildProcess::start(spawner, shell(stubborn_tree));
  LineReader lines(tree.child->out(), 64);
  while (tree.pids.size() < stubborn_tree_size) {
    const auto line = co_await lines.next();
    if (!line) throw std::runtime_error("the tree ended");
    tree.pids.push_back(std::stoi(*line));
  }
  co_return tree;
}

pid_t watcher_of(const Tree& tree) {
  std::ifstream status("/proc/" + std::to_string(tree.child->pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::stoi(line.substr(5));
  }
  throw std::runtime_error("no watcher");
}

int left(const Tree& tree) {
  int count = 0;
  for (const pid_t pid : tree.pids)
    count += ::kill(pid, 0) == 0;
  return count;
}

Task<> hold(Spawner& spawner) {
  const Tree one = co_await start_tree(spawner);
  const Tree two = co_await start_tree(spawner);
  for (const Tree* tree : {&one, &two}) {
    for (const pid_t pid : tree->pids)
      std::cout << pid << "\n";
  }
  std::cout << std::endl;
  co_await pause_for(std::chrono::hours(1));
}

void say_what_is_left(const Tree& tree) {
  std::cout << tree.child->exit_status()->text() << ", " << left(tree) << " left, "
            << children_of(::getpid()).size() << " children" << std::endl;
}

Task<> watcher_killed(Spawner& spawner) {
  const Tree tree = co_await start_tree(spawner);
  ::kill(watcher_of(tree), SIGKILL);
  co_await tree.child->exited();
  co_await tree.child->gone();
  say_what_is_left(tree);
}

Task<> watcher_stopped(Spawner& spawner) {
  const Tree tree = co_await start_tree(spawner);
  ::kill(watcher_of(tree), SIGSTOP);
  co_await tree.child->stop(Milliseconds(20));
  say_what_is_left(tree);
}

Task<> be_busy(Spawner& spawner) {
  // Sweeps without a pause, instead of once a second.
  std::atomic<bool> done = false;
  std::thread sweeper([&done] {
    while (!done)
      kill_adopted();
  });
  int right = 0;
  for (int i = 0; i < 100; ++i) {
    const int code = i % 50;
    const auto child = co_await ChildProcess::start(spawner, shell("exit " + std::to_string(code)));
    const ExitStatus status = co_await child->exited();
    right += status.code == code;
    co_await child->gone();
  }
  done = true;
  sweeper.join();
  std::cout << right << " of 100 ended with their own code, " << children_of(::getpid()).size()
            << " children" << std::endl;
}

Task<> tell_what_it_is(Spawner&) {
  int subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  std::cout << "subreaper " << subreaper << ", dumpable " << ::prctl(PR_GET_DUMPABLE) << std::endl;
  co_return;
}

/// Several lines of descent in which each process starts its successor and ends: whoever kills what
/// it sees comes too late. They give up by themselves, so that a failing test does not take the
/// machine.
void fork_chains() {
  const auto until = Clock::now() + fork_chains_last;
  std::cout << "ready" << std::endl;
  for (int chain = 0; chain < 6; ++chain) {
    if (::fork() != 0) continue;
    while (Clock::now() < until) {
      if (::fork() > 0) ::_exit(0);
    }
    ::_exit(0);
  }
  std::this_thread::sleep_until(until);
}

Task<> act(Spawner& spawner, std::string what) {
  if (what == "hold") co_await hold(spawner);
  if (what == "watcher-killed") co_await watcher_killed(spawner);
  if (what == "watcher-stopped") co_await watcher_stopped(spawner);
  if (what == "busy") co_await be_busy(spawner);
  if (what == "secret") co_await tell_what_it_is(spawner);
}

int run(const std::string& what) {
  if (what == "fork-chains") {
    fork_chains();
    return 0;
  }
  become_subreaper_and_undumpable();
  ignore_sigpipe();
  Spawner spawner(find_spawn_helper());
  asio::io_context io;
  asio::co_spawn(io, act(spawner, what), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
  return 0;
}

}  // namespace
}  // namespace opsroom::process

int main(int argc, char** argv) {
  try {
    return opsroom::process::run(argc > 1 ? argv[1] : "");
  } catch (const std::exception& error) {
    std::cout << error.what() << std::endl;
    return 1;
  }
}

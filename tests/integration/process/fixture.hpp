#pragma once

#include "base/failure.hpp"
#include "base/text.hpp"
#include "process/child_process.hpp"
#include "process/host_process.hpp"
#include "process/line_reader.hpp"
#include "process/process_tree.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace opsroom::process {

constexpr std::chrono::seconds patience{20};

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

/// Every test leaves neither a child (zombies included) nor a descriptor behind.
class Processes : public testing::Test {
 protected:
  /// Runs a test body on an io thread of its own; the body must not capture.
  template <class Body>
  void run(Body body) {
    ignore_sigpipe();
    const std::size_t before = open_descriptors();
    {
      Spawner spawner(find_spawn_helper());
      asio::io_context io;
      asio::co_spawn(io, guard(body(spawner)), [](std::exception_ptr error) {
        if (error) ADD_FAILURE() << describe(error);
      });
      io.run_for(2 * patience);
      EXPECT_TRUE(io.stopped()) << "a coroutine still waits";
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(children_of(::getpid()).empty());
  }

 private:
  static Task<> guard(Task<> body) {
    // Named first: g++ 12 traps in a coroutine that begins with `if (co_await ...)`.
    const bool in_time = co_await within(patience, std::move(body));
    if (!in_time) ADD_FAILURE() << "the test took too long";
  }

  static std::string describe(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      return exception.what();
    }
  }
};

/// A spec for a shell script with a usual environment.
inline SpawnSpec shell(const std::string& script) {
  SpawnSpec spec;
  spec.argv = {"sh", "-c", script};
  spec.directory = "/";
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  return spec;
}

inline Command command(SpawnSpec spec) {
  Command result;
  result.spawn = std::move(spec);
  return result;
}

/// The Failure that a start ends with; fails the test when there is none.
inline Task<Failure> failure_of(Spawner& spawner, SpawnSpec spec) {
  try {
    co_await ChildProcess::start(spawner, std::move(spec));
  } catch (const Failure& failure) {
    co_return failure;
  }
  ADD_FAILURE() << "it started";
  co_return Failure(Code::internal, "it started");
}

/// True when no process, not even a zombie, has this pid.
inline bool is_gone(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

/// An executable built beside this test.
inline std::string program_of_tests(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

/// 0 when it has gone.
inline pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::stoi(line.substr(5));
  }
  return 0;
}

/// The next `count` lines of a child's stdout as pids.
inline Task<std::vector<pid_t>> read_pids(LineReader& lines, std::size_t count) {
  std::vector<pid_t> pids;
  while (pids.size() < count) {
    const auto line = co_await lines.next();
    if (!line) throw std::runtime_error("the script ended too early");
    pids.push_back(std::stoi(*line));
  }
  co_return pids;
}

}  // namespace opsroom::process

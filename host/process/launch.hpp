#pragma once

#include "base/blocking.hpp"
#include "base/files.hpp"
#include "process/child_process.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <utility>

namespace opsroom::process {

/// Owns the duty to reap one opsroom-spawn. Destroyed before it has ended, it is reaped in the
/// background; the owner closes the control socket, which ends it.
class Helper {
 public:
  Helper() = default;
  explicit Helper(pid_t pid) : pid_(pid) {}
  Helper(Helper&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Helper& operator=(Helper&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Helper();

  /// True once it has ended and is reaped; `clean` then tells whether it had done its work.
  bool reap();
  bool clean() const { return clean_; }
  pid_t pid() const { return pid_; }
  void signal(int signal) const;  ///< nothing once reaped

 private:
  pid_t pid_ = -1;
  bool clean_ = false;
};

/// A started opsroom-spawn that has been told what to start, and our ends of its descriptors.
struct Launched {
  Fd in;
  Fd out;
  Fd err;
  Fd control;
  Fd pidfd;
  Helper helper;
};

/// Starts `executable` and sends it `frame` (see spawn_protocol.hpp). Blocks until exec: spawner
/// thread.
Launched launch(const std::filesystem::path& executable, const std::string& frame);

struct Spawner::Thread {
  BlockingPool pool{1, "spawner"};
};

}  // namespace opsroom::process

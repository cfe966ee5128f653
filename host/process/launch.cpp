#include "process/launch.hpp"

#include "base/failure.hpp"
#include "process/own_children.hpp"
#include "process/spawn_protocol.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Failure cannot(int error, std::string_view what) {
  return system_failure(error, fmt::format("cannot start a process: {}", what));
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot(errno, "creating a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

Pipe make_control() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw cannot(errno, "creating a socket pair");
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

/// Only our end: the flag sits on the open file, and the program's end is another one.
void make_non_blocking(const Fd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) throw cannot(errno, "preparing a pipe");
}

/// A descriptor above those it will be copied to, so that one copy cannot overwrite the next
/// source.
Fd above_standard(Fd fd) {
  if (fd.get() > control_fd) return fd;
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, control_fd + 1));
  if (!moved) throw cannot(errno, "copying a descriptor");
  return moved;
}

/// What posix_spawn needs to know, in C's terms.
class Recipe {
 public:
  Recipe() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    constexpr int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~Recipe() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  void give(const Fd& fd, int as) {
    check(::posix_spawn_file_actions_adddup2(&actions_, fd.get(), as));
  }
  /// Asio opens its sockets without close-on-exec, so what is not given is closed by number.
  void close_from(int fd) { check(::posix_spawn_file_actions_addclosefrom_np(&actions_, fd)); }

  pid_t spawn(const std::filesystem::path& executable) const {
    std::string name = executable.native();
    const std::array<char*, 2> argv{name.data(), nullptr};
    const std::array<char*, 1> environment{nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawn(
        &pid, executable.c_str(), &actions_, &attributes_, argv.data(), environment.data()
    );
    if (error != 0) throw cannot(error, executable.string());
    return pid;
  }

 private:
  static void check(int error) {
    if (error != 0) throw cannot(error, "preparing descriptors");
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// The spawner thread may not hang on a helper that was stopped before it read.
void limit_send_time(const Fd& socket) {
  const timeval most{10, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

void send_all(const Fd& socket, std::string_view bytes) {
  limit_send_time(socket);
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw cannot(errno, "talking to opsroom-spawn");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

Helper::~Helper() {
  if (pid_ > 0) reap_child_later(pid_);
}

bool Helper::reap() {
  if (pid_ <= 0) return true;
  const Reaped reaped = reap_child(pid_);
  if (!reaped.done) return false;
  pid_ = -1;
  clean_ = WIFEXITED(reaped.status) && WEXITSTATUS(reaped.status) == 0;
  return true;
}

void Helper::signal(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

Launched launch(const std::filesystem::path& executable, const std::string& frame) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe control = make_control();
  const std::array theirs{
      above_standard(std::move(in.read)),
      above_standard(std::move(out.write)),
      above_standard(std::move(err.write)),
      above_standard(std::move(control.write)),
  };
  for (const Fd* ours : {&in.write, &out.read, &err.read})
    make_non_blocking(*ours);
  Recipe recipe;
  for (std::size_t i = 0; i < theirs.size(); ++i)
    recipe.give(theirs[i], static_cast<int>(i));
  recipe.close_from(control_fd + 1);
  Launched launched;
  launched.helper = Helper(register_child([&] { return recipe.spawn(executable); }));
  launched.in = std::move(in.write);
  launched.out = std::move(out.read);
  launched.err = std::move(err.read);
  launched.control = std::move(control.read);
  launched.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, launched.helper.pid(), 0)));
  if (!launched.pidfd) throw cannot(errno, "pidfd_open");
  send_all(launched.control, frame);
  return launched;
}

}  // namespace opsroom::process

// opsroom-spawn: the one way to a child. Starts one program as the host describes on descriptor 3
// and watches over everything it starts; when the program ends, when the host says so, when the
// host is gone or has not renewed its trust in time, it kills what is left and ends itself. Kept
// apart from the host because a fork of a large process is slow, because it outlives `kill -9` of
// the host, and because a small program is easy to trust.

#include "process/process_tree.hpp"
#include "process/spawn_program.hpp"
#include "process/spawn_protocol.hpp"

#include <array>
#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <initializer_list>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

bool read_fully(int fd, void* into, std::size_t size) {
  char* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t n = ::read(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<SpawnSpec> read_spec() {
  std::uint64_t size = 0;
  if (!read_fully(control_fd, &size, sizeof size) || size > max_frame_bytes) return std::nullopt;
  std::string fields(size, '\0');
  if (!read_fully(control_fd, fields.data(), size)) return std::nullopt;
  SpawnSpec spec = decode(fields);
  if (spec.argv.empty()) return std::nullopt;
  return spec;
}

/// The host may be gone already; then the end of file on the control socket follows.
void report(Report::Kind kind, int value, int error = 0) {
  const Report message{kind, value, error};
  ::send(control_fd, &message, sizeof message, MSG_NOSIGNAL);
}

/// Its pipes are the program's alone: a copy kept here would hide their end from the host.
void give_up_standard_descriptors() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) {
    if (null < 0 || ::dup2(null, fd) < 0) ::close(fd);
  }
  if (null > 2) ::close(null);
}

/// Only the host ends this process. A terminal's Ctrl-C or a `kill` of the whole session must not
/// take the watcher away from the tree.
void ignore_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) {
    ::signal(signal, SIG_IGN);
  }
}

int watch_child_signals() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  return ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Watches over one program and its descendants.
class Supervisor {
 public:
  Supervisor(int child_signals, int expiry) : child_signals_(child_signals), expiry_(expiry) {}

  bool start(const SpawnSpec& spec) {
    std::array<int, 2> errors{};
    if (::pipe2(errors.data(), O_CLOEXEC) != 0) return fail(errno);
    const pid_t self = ::getpid();
    main_ = ::fork();
    if (main_ == 0) become_program(spec, self, errors[1]);
    const int error = errno;
    ::close(errors[1]);
    if (main_ < 0) return fail(error);
    errors_ = errors[0];
    give_up_standard_descriptors();
    return true;
  }

  /// Returns when the tree is to be killed.
  void watch() {
    while (true) {
      std::array<pollfd, 4> waits{
          {{child_signals_, POLLIN, 0},
           {control_fd, POLLIN, 0},
           {errors_, POLLIN, 0},
           {expiry_, POLLIN, 0}}
      };
      if (::poll(waits.data(), waits.size(), -1) < 0) continue;
      if (waits[2].revents != 0 && !settle_start()) return;
      if (waits[0].revents != 0 && main_has_ended()) return;
      if (waits[1].revents != 0 && !obey()) return;
      if (waits[3].revents != 0 && trust_has_run_out()) return;
    }
  }

  /// Kills every descendant, again and again until none is left. Orphans of the dying come to us.
  void clear() {
    while (reap()) {
      kill_trees(children_of(::getpid()));
      // A process in uninterruptible sleep dies late: look again without spinning.
      pollfd wait{child_signals_, POLLIN, 0};
      ::poll(&wait, 1, 20);
      forget_signals();
    }
  }

 private:
  bool fail(int error) {
    report(Report::Kind::failed, static_cast<int>(Step::fork), error);
    return false;
  }

  /// The pipe ends without a word when exec has succeeded. False when the start failed.
  bool settle_start() {
    Report failure;
    const bool failed = read_fully(errors_, &failure, sizeof failure);
    ::close(errors_);
    errors_ = -1;
    if (failed) {
      report(Report::Kind::failed, failure.value, failure.error);
      return false;
    }
    started_ = true;
    report(Report::Kind::started, main_);
    return true;
  }

  bool main_has_ended() {
    forget_signals();
    reap();
    return !main_alive_;
  }

  void forget_signals() {
    signalfd_siginfo info{};
    while (::read(child_signals_, &info, sizeof info) > 0) {
    }
  }

  /// Reaps whoever is dead, adopted ones included. False when no child is left.
  bool reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == main_) note_end(status);
    }
    return pid == 0;
  }

  void note_end(int status) {
    main_alive_ = false;
    if (errors_ >= 0) settle_start();
    if (!started_) return;
    if (WIFSIGNALED(status)) {
      report(Report::Kind::signaled, WTERMSIG(status));
    } else {
      report(Report::Kind::exited, WEXITSTATUS(status));
    }
  }

  bool obey() {
    char request = 0;
    const ssize_t n = ::read(control_fd, &request, 1);
    if (n < 0 && errno == EINTR) return true;
    if (n == 1 && request == static_cast<char>(Request::trust)) return renew_trust();
    if (n != 1 || request != static_cast<char>(Request::terminate)) return false;
    if (main_alive_) {
      // Its own session: the group cannot be anyone else's. A stopped process hears TERM when it
      // goes on.
      ::kill(-main_, SIGTERM);
      ::kill(-main_, SIGCONT);
    }
    return true;
  }

  bool renew_trust() {
    std::int64_t until_ms = 0;
    if (!read_fully(control_fd, &until_ms, sizeof until_ms)) return false;
    itimerspec timer{};
    timer.it_value.tv_sec = until_ms / 1000;
    timer.it_value.tv_nsec = until_ms % 1000 * 1'000'000;
    return ::timerfd_settime(expiry_, TFD_TIMER_ABSTIME, &timer, nullptr) == 0;
  }

  /// False when the trust was renewed since the timer fired.
  bool trust_has_run_out() {
    std::uint64_t times = 0;
    if (::read(expiry_, &times, sizeof times) <= 0) return false;
    report(Report::Kind::expired, 0);
    return true;
  }

  int child_signals_;
  int expiry_;
  int errors_ = -1;
  pid_t main_ = -1;
  bool main_alive_ = true;
  bool started_ = false;
};

int run() {
  // A same-user program could otherwise attach to this process and speak in its name.
  ::prctl(PR_SET_DUMPABLE, 0);
  ::fcntl(control_fd, F_SETFD, FD_CLOEXEC);
  ignore_signals();
  const int child_signals = watch_child_signals();
  // A timer of this clock fires at once when the machine wakes; a timeout of poll would sleep on.
  const int expiry = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (child_signals < 0 || expiry < 0 || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 71;
  const auto spec = read_spec();
  if (!spec) return 64;
  Supervisor supervisor(child_signals, expiry);
  if (!supervisor.start(*spec)) return 0;
  supervisor.watch();
  supervisor.clear();
  return 0;
}

}  // namespace
}  // namespace opsroom::process

int main() {
  int code = 70;
  try {
    code = opsroom::process::run();
  } catch (const std::exception&) {
    // Nothing can be said without a descriptor to say it on; the host reports the exit code.
  }
  ::_exit(code);
}

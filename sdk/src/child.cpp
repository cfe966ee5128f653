#include "spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <opsroom/child.hpp>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace opsroom {
namespace {

using Clock = std::chrono::steady_clock;

/// By number: glibc 2.36 declares pidfd_open() without C linkage for C++.
Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// One running child: pumps its pipes, watches for exit, cancel and timeout, and ends the group.
/// The leader stays a zombie until the very end, so its group id can't be anybody else's.
class Running {
 public:
  Running(const ChildSpec& spec, const ChildWatch& watch)
      : spec_(spec), watch_(watch), child_(sdk::spawn(spec)), pidfd_(open_pidfd(child_.pid)) {
    if (spec_.input.empty()) child_.input.reset();
  }
  ~Running() {
    if (!reaped_) {
      ::kill(-child_.pid, SIGKILL);
      reap();
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  ChildExit finish() {
    while (!done()) {
      pump();
      watch_.on_tick();
      look_for_exit();
      look_for_end_of_patience();
    }
    if (stopping()) ::kill(-child_.pid, SIGKILL);
    result_.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        (exited_at_ ? *exited_at_ : Clock::now()) - started_
    );
    reap();
    return result_;
  }

 private:
  bool stopping() const { return result_.cancelled || result_.timed_out; }
  bool pipes_open() const { return child_.out || child_.err; }

  bool done() const {
    if (!exited_at_) return false;
    if (!pipes_open()) return true;
    return Clock::now() >= (stopping() ? kill_at_ : *exited_at_ + spec_.drain);
  }

  void pump() {
    std::array<pollfd, 5> waits{
        pollfd{child_.out.get(), POLLIN, 0},
        pollfd{child_.err.get(), POLLIN, 0},
        pollfd{child_.input.get(), POLLOUT, 0},
        pollfd{exited_at_ ? -1 : pidfd_.get(), POLLIN, 0},
        pollfd{stopping() ? -1 : spec_.cancel_fd, POLLIN, 0}
    };
    const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(watch_.tick.count()));
    if (ready <= 0) return;
    if (waits[0].revents != 0) read_from(child_.out, Stream::out);
    if (waits[1].revents != 0) read_from(child_.err, Stream::err);
    if (waits[2].revents != 0) write_input();
    if (waits[4].revents != 0) stop(result_.cancelled);
  }

  void read_from(Fd& pipe, Stream stream) {
    std::array<char, 1 << 16> chunk;
    const ssize_t got = ::read(pipe.get(), chunk.data(), chunk.size());
    if (got > 0)
      watch_.on_output(stream, {chunk.data(), static_cast<std::size_t>(got)});
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
      pipe.reset();
  }

  void write_input() {
    const auto left = std::string_view(spec_.input).substr(written_);
    const ssize_t put = ::write(child_.input.get(), left.data(), left.size());
    if (put > 0) written_ += static_cast<std::size_t>(put);
    const bool broken = put < 0 && errno != EAGAIN && errno != EINTR;
    // A program that does not want its stdin may close it; that is no failure.
    if (broken || written_ == spec_.input.size()) child_.input.reset();
  }

  void stop(bool& why) {
    why = true;
    kill_at_ = Clock::now() + spec_.grace;
    child_.input.reset();
    ::kill(-child_.pid, SIGTERM);
    // A stopped process would never see it.
    ::kill(-child_.pid, SIGCONT);
  }

  void look_for_exit() {
    if (exited_at_) return;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
      return;
    exited_at_ = Clock::now();
    child_.input.reset();
  }

  void look_for_end_of_patience() {
    const auto now = Clock::now();
    if (!stopping() && !exited_at_ && spec_.timeout && now - started_ >= *spec_.timeout)
      stop(result_.timed_out);
    if (stopping() && !exited_at_ && now >= kill_at_) ::kill(-child_.pid, SIGKILL);
  }

  void reap() {
    reaped_ = true;
    int status = 0;
    while (::waitpid(child_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    result_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const ChildSpec& spec_;
  const ChildWatch& watch_;
  const Clock::time_point started_ = Clock::now();
  sdk::Spawned child_;
  /// Only wakes the poll early; without one (an old kernel, a strict filter) the tick finds the
  /// exit.
  Fd pidfd_;
  std::size_t written_ = 0;
  std::optional<Clock::time_point> exited_at_;
  Clock::time_point kill_at_{};
  ChildExit result_;
  bool reaped_ = false;
};

}  // namespace

ChildExit run_child(const ChildSpec& spec, const ChildWatch& watch) {
  return Running(spec, watch).finish();
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace opsroom

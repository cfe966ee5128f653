#include "process/child_process.hpp"

#include "base/failure.hpp"
#include "process/launch.hpp"
#include "process/own_children.hpp"
#include "process/spawn_protocol.hpp"
#include "process/start_failure.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <signal.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

using Descriptor = asio::posix::stream_descriptor;

constexpr std::chrono::seconds start_deadline{30};
constexpr std::chrono::seconds sweep_deadline{5};

std::int64_t boottime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/// As a point in time: a message that lay about while the machine slept must not count from when it
/// is read.
std::string trust_request(Clock::duration ttl) {
  const auto ms = std::chrono::floor<Milliseconds>(ttl).count();
  const std::int64_t until = boottime_ms() + std::max<std::int64_t>(ms, 0);
  std::string message(1 + sizeof until, static_cast<char>(Request::trust));
  std::memcpy(message.data() + 1, &until, sizeof until);
  return message;
}

/// What opsroom-spawn hears first: what to start, and how long to trust it.
std::string first_words(const SpawnSpec& spec) {
  std::string frame = encode(spec);
  if (spec.trust) frame += trust_request(*spec.trust);
  return frame;
}

}  // namespace

Spawner::Spawner(std::filesystem::path helper)
    : helper_(std::move(helper)), thread_(std::make_unique<Thread>()) {
  if (::access(helper_.c_str(), X_OK) != 0) {
    throw Failure(
        Code::not_found,
        fmt::format("opsroom-spawn is not at {}", helper_.string()),
        "Install it there; nothing can be started without it."
    );
  }
}

Spawner::~Spawner() = default;

/// Shared between the owner and the coroutine that watches the helper, so that the owner may go at
/// any time and the helper is still reaped.
struct ChildProcess::State {
  State(const asio::any_io_executor& executor, Launched launched)
      : in(executor, launched.in.release()),
        out(executor, launched.out.release()),
        err(executor, launched.err.release()),
        control(executor, launched.control.release()),
        pidfd(executor, launched.pidfd.release()),
        helper(std::move(launched.helper)),
        changed(executor) {}

  bool start_settled() const { return main > 0 || failure || gone; }

  void request(Request what) {
    const char byte = static_cast<char>(what);
    // A helper that is gone needs no telling; `watch` sees its end.
    ::send(control.native_handle(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void trust_for(Clock::duration ttl) {
    const std::string message = trust_request(ttl);
    // Not taken: the helper keeps the limit it has, which is earlier.
    ::send(control.native_handle(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void abandon() {
    boost::system::error_code ignored;
    for (Descriptor* pipe : {&in, &out, &err})
      pipe->close(ignored);
    // Half closed: the helper reads the end of file and clears the tree, and can still report.
    ::shutdown(control.native_handle(), SHUT_WR);
    wake_helper();
  }

  /// A tool of the same user may have stopped its watcher.
  void wake_helper() const { helper.signal(SIGCONT); }

  void note(const Report& report) {
    switch (report.kind) {
      case Report::Kind::started:
        main = report.value;
        break;
      case Report::Kind::failed:
        failure = report;
        break;
      case Report::Kind::exited:
        status = ExitStatus{report.value, std::nullopt};
        break;
      case Report::Kind::signaled:
        status = ExitStatus{std::nullopt, report.value};
        break;
      case Report::Kind::expired:
        expired = true;
        break;
    }
    changed.notify();
  }

  static Task<> watch(std::shared_ptr<State> self);
  static Task<> wait_for_end(std::shared_ptr<State> self);
  static Task<ExitStatus> wait_for_exit(std::shared_ptr<State> self);

  Descriptor in;
  Descriptor out;
  Descriptor err;
  Descriptor control;
  Descriptor pidfd;
  Helper helper;
  Signal changed;
  pid_t main = -1;
  std::optional<Report> failure;
  std::optional<ExitStatus> status;
  bool expired = false;
  bool gone = false;
};

/// Reports until the helper closes its end, then its end itself.
Task<> ChildProcess::State::watch(std::shared_ptr<State> self) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (true) {
    Report report;
    co_await asio::async_read(self->control, asio::buffer(&report, sizeof report), token);
    if (error) break;
    self->note(report);
  }
  while (!self->helper.reap()) {
    co_await self->pidfd.async_wait(Descriptor::wait_read, token);
  }
  if (!self->helper.clean()) {
    // Somebody killed the watcher: the program dies with it, and its descendants are ours now.
    const auto until = Clock::now() + sweep_deadline;
    while (!kill_adopted() && Clock::now() < until)
      co_await pause_for(Milliseconds(2));
  }
  if (!self->status) self->status = ExitStatus{std::nullopt, SIGKILL};
  self->gone = true;
  self->changed.notify();
}

Task<> ChildProcess::State::wait_for_end(std::shared_ptr<State> self) {
  while (!self->gone)
    co_await self->changed.wait();
}

Task<ExitStatus> ChildProcess::State::wait_for_exit(std::shared_ptr<State> self) {
  while (!self->status)
    co_await self->changed.wait();
  co_return *self->status;
}

ChildProcess::ChildProcess() = default;

ChildProcess::~ChildProcess() {
  if (state_) state_->abandon();
}

Task<std::unique_ptr<ChildProcess>> ChildProcess::start(Spawner& spawner, SpawnSpec spec) {
  check(spec);
  const auto executor = co_await asio::this_coro::executor;
  auto job = [helper = spawner.helper_, frame = first_words(spec)] {
    return launch(helper, frame);
  };
  Launched launched = co_await spawner.thread_->pool.run(job);
  std::unique_ptr<ChildProcess> child(new ChildProcess);
  const auto state = std::make_shared<State>(executor, std::move(launched));
  child->state_ = state;
  asio::co_spawn(executor, State::watch(state), asio::detached);
  const auto until = Clock::now() + start_deadline;
  while (!state->start_settled()) {
    if (Clock::now() >= until) throw start_timeout(spec);
    co_await state->changed.wait_for(until - Clock::now());
  }
  if (state->main > 0) co_return child;
  co_await State::wait_for_end(state);
  throw start_failure(spec, state->failure);
}

pid_t ChildProcess::pid() const {
  return state_->main;
}
Descriptor& ChildProcess::in() {
  return state_->in;
}
Descriptor& ChildProcess::out() {
  return state_->out;
}
Descriptor& ChildProcess::err() {
  return state_->err;
}
Task<ExitStatus> ChildProcess::exited() {
  return State::wait_for_exit(state_);
}
std::optional<ExitStatus> ChildProcess::exit_status() const {
  return state_->status;
}
Task<> ChildProcess::gone() {
  return State::wait_for_end(state_);
}

void ChildProcess::terminate() {
  state_->request(Request::terminate);
}

void ChildProcess::kill() {
  state_->request(Request::kill);
  state_->wake_helper();
}

void ChildProcess::trust_for(Clock::duration ttl) {
  state_->trust_for(ttl);
}
bool ChildProcess::trust_ran_out() const {
  return state_->expired;
}

Task<ExitStatus> ChildProcess::stop(Clock::duration grace) {
  const auto state = state_;
  boost::system::error_code ignored;
  state->in.close(ignored);
  if (!co_await within(grace, State::wait_for_end(state))) {
    state->request(Request::terminate);
    if (!co_await within(grace, State::wait_for_end(state))) {
      state->request(Request::kill);
      state->wake_helper();
      // A watcher that does not do its work is taken away; its tree falls to us.
      if (!co_await within(sweep_deadline, State::wait_for_end(state)))
        state->helper.signal(SIGKILL);
    }
  }
  co_await State::wait_for_end(state);
  co_return *state->status;
}

}  // namespace opsroom::process

#include "tools/shared_server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration ending_grace = 2s;
constexpr Clock::duration sign_of_life = 3s;
constexpr std::size_t modern_calls_at_once = 64;

}  // namespace

/// One process of the server, and who uses it.
struct SharedServer::Instance {
  Instance(asio::any_io_executor executor, std::shared_ptr<McpServer> started)
      : server(std::move(started)), tender(std::move(executor)) {}

  std::shared_ptr<McpServer> server;
  std::size_t users = 0;
  bool tried = false;  ///< somebody has used it
  Clock::time_point born = Clock::now();
  Clock::time_point last_used = born;
  bool examined = false;      ///< a sign of life is being waited for
  asio::steady_timer tender;  ///< wakes `tend`
};

struct SharedServer::State {
  State(asio::any_io_executor io, Options settings, Start begin)
      : executor(io),
        options(std::move(settings)),
        launch(std::move(begin)),
        breaker(options.breaker),
        line(io, options.title, options.concurrency.value_or(modern_calls_at_once)),
        changed(io),
        deserted(io),
        work(io) {}

  /// Takes note of a server that has died since anybody looked, and sees to it that nothing of it
  /// is left when this one is closed.
  static void bury(const std::shared_ptr<State>& self) {
    if (!self->instance || self->instance->server->usable()) return;
    const McpServer& dead = *self->instance->server;
    if (!dead.ended_on_purpose()) {
      const auto now = Clock::now();
      self->breaker.note_death(now, now - dead.started(), dead.end_text());
    }
    run(self, clear_away(self->detach()));
  }

  static Task<> clear_away(std::shared_ptr<Instance> dead) {
    auto killing = dead->server->kill();
    co_await std::move(killing);
  }

  /// From now on nobody gets the present instance any more; the last of its calls ends it.
  std::shared_ptr<Instance> detach() {
    if (!instance) return nullptr;
    instance->tender.cancel();
    std::erase_if(leaving, [](const auto& gone) { return gone.expired(); });
    leaving.push_back(instance);
    return std::exchange(instance, nullptr);
  }

  /// All processes that are not gone yet, as far as anybody still holds them.
  std::vector<std::shared_ptr<Instance>> take_all() {
    const auto present = detach();
    std::vector<std::shared_ptr<Instance>> all;
    for (const auto& one : leaving) {
      if (auto held = one.lock()) all.push_back(std::move(held));
    }
    leaving.clear();
    return all;
  }

  void ask_to_end() const {
    if (abort) abort->request(StopReason::canceled);
  }

  bool ages() const {
    return options.idle > Clock::duration::zero() || options.max_lifetime > Clock::duration::zero();
  }

  /// When the instance is to be ended for want of work or for its age: not before it has served
  /// whoever waits for it.
  Clock::time_point due(const Instance& tended) const {
    const auto now = Clock::now();
    const bool wanted = tended.users > 0 || visits > 0;
    auto when = Clock::time_point::max();
    if (options.idle > Clock::duration::zero()) {
      when = (wanted ? now : tended.last_used) + options.idle;
    }
    if (options.max_lifetime > Clock::duration::zero()) {
      const bool untried = wanted && !tended.tried;
      when = std::min(when, (untried ? now : tended.born) + options.max_lifetime);
    }
    return when;
  }

  /// `self` is held by the error handler too: the group counts a task down after the task itself
  /// has let go of everything.
  static void run(const std::shared_ptr<State>& self, Task<> task) {
    self->work.start(std::move(task), [self](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& reason) {
        spdlog::error("{}: supervising it failed: {}", self->options.title, reason.what());
      }
    });
  }

  asio::any_io_executor executor;
  Options options;
  Start launch;
  Breaker breaker;
  WaitingLine line;
  Signal changed;
  Signal deserted;
  std::size_t visits = 0;
  TaskGroup work;  ///< all that goes on beside the calls
  std::shared_ptr<Instance> instance;
  std::vector<std::weak_ptr<Instance>> leaving;  ///< detached, and perhaps still at work
  std::shared_ptr<Stop> abort;  ///< of the start under way; null when there is none
  std::optional<Failure> failure;
  bool closed = false;
};

SharedServer::Visit::Visit(std::shared_ptr<State> state) : state_(std::move(state)) {
  ++state_->visits;
}

SharedServer::Visit::~Visit() {
  if (state_ && --state_->visits == 0) state_->deserted.notify();
}

SharedServer::Lease::Lease(Visit visit, std::shared_ptr<Instance> instance, WaitingLine::Pass pass)
    : visit_(std::move(visit)), instance_(std::move(instance)), pass_(std::move(pass)) {
  ++instance_->users;
  instance_->tried = true;
}

SharedServer::Lease::~Lease() {
  if (!instance_) return;
  --instance_->users;
  instance_->last_used = Clock::now();
  const std::shared_ptr<State>& state = visit_.state();
  const bool replaced = state->instance != instance_;
  if (replaced && instance_->users == 0 && instance_->server->usable() && !state->closed) {
    State::run(state, SharedServer::end(state, instance_));
  }
}

const std::shared_ptr<McpServer>& SharedServer::Lease::server() const {
  return instance_->server;
}

void SharedServer::Lease::suspect() {
  if (instance_->examined || !instance_->server->usable()) return;
  instance_->examined = true;
  State::run(visit_.state(), SharedServer::examine(visit_.state(), instance_));
}

SharedServer::SharedServer(asio::any_io_executor executor, Options options, Start start)
    : state_(std::make_shared<State>(std::move(executor), std::move(options), std::move(start))) {}

SharedServer::~SharedServer() {
  state_->closed = true;
  state_->ask_to_end();
  for (const auto& instance : state_->take_all())
    instance->server->kill_now();
}

// Runs on its own, so that a caller who is stopped does not take the server from the others.
Task<> SharedServer::start(std::shared_ptr<State> state) {
  const std::shared_ptr<Stop> abort = state->abort;
  const auto began = Clock::now();
  try {
    const auto until = state->breaker.next_start();
    if (until > Clock::now()) {
      spdlog::warn(
          "{} keeps dying; it is started again in {} ms",
          state->options.title,
          (until - Clock::now()) / 1ms
      );
    }
    while (!abort->requested() && Clock::now() < until) {
      auto waiting = abort->wait();
      co_await within(until - Clock::now(), std::move(waiting));
    }
    if (abort->requested()) {
      throw Failure(Code::canceled, state->options.title + " is not started again");
    }
    auto launching = state->launch(*abort);
    const std::shared_ptr<McpServer> server = co_await std::move(launching);
    const std::size_t by_era = server->client().era() == Era::modern ? modern_calls_at_once : 1;
    state->line.set_limit(state->options.concurrency.value_or(by_era));
    state->instance = std::make_shared<Instance>(state->executor, server);
    if (state->ages()) State::run(state, tend(state, state->instance));
  } catch (const Failure& failure) {
    state->failure = failure;
    const auto now = Clock::now();
    // What opsroom.lock refuses has not died, and is let in as soon as the lock allows it.
    if (failure.code() != Code::canceled && failure.code() != Code::forbidden) {
      state->breaker.note_death(now, Clock::duration::zero(), failure.message());
    }
  } catch (const std::exception& error) {
    state->failure =
        Failure(Code::internal, fmt::format("{}: {}", state->options.title, error.what()));
    state->breaker.note_death(Clock::now(), Clock::now() - began, error.what());
  }
  state->abort.reset();
  state->changed.notify();
}

Task<std::shared_ptr<SharedServer::Instance>> SharedServer::running(
    std::shared_ptr<State> state, Stop& stop, Clock::time_point latest
) {
  const auto wake = [state](StopReason) { state->changed.notify(); };
  const auto subscription = stop.subscribe(wake);
  const std::string& title = state->options.title;
  bool waited = false;
  while (true) {
    State::bury(state);
    const bool examined = state->instance && state->instance->examined;
    if (state->instance && !examined) co_return state->instance;
    if (waited && state->abort == nullptr && state->failure) throw *state->failure;
    if (state->closed) throw Failure(Code::canceled, fmt::format("{} is closed", title));
    if (must_end(stop)) throw Failure(Code::canceled, fmt::format("{} was still starting", title));
    const auto now = Clock::now();
    if (now >= latest) {
      throw Failure(Code::timeout, fmt::format("{} did not start in time", title), {}, true);
    }
    if (!examined && state->abort == nullptr) {
      if (state->breaker.open(now)) throw state->breaker.refusal(title, now);
      state->failure.reset();
      state->abort = std::make_shared<Stop>(state->executor);
      State::run(state, start(state));
      // A start that is refused has ended before anybody could wait for it.
      if (state->abort == nullptr) {
        waited = true;
        continue;
      }
    }
    waited = !examined;
    co_await state->changed.wait_for(latest - now);
  }
}

Task<SharedServer::Lease> SharedServer::acquire(Stop& stop, Clock::time_point latest) {
  const std::shared_ptr<State> state = state_;
  Visit visit(state);
  WaitingLine::Pass pass;
  // A server that is said to do one thing at a time is not even started beside its predecessor.
  if (state->options.concurrency) {
    auto entering = state->line.enter(stop, latest);
    pass = co_await std::move(entering);
  }
  while (true) {
    auto getting = running(state, stop, latest);
    const std::shared_ptr<Instance> instance = co_await std::move(getting);
    if (!pass) {
      auto entering = state->line.enter(stop, latest);
      pass = co_await std::move(entering);
    }
    // It may have gone while this call waited.
    if (state->instance == instance && instance->server->usable() && !instance->examined) {
      co_return Lease(std::move(visit), instance, std::move(pass));
    }
  }
}

Task<SharedServer::Lease> SharedServer::borrow(Stop& stop, Clock::time_point latest) {
  Visit visit(state_);
  auto getting = running(state_, stop, latest);
  const std::shared_ptr<Instance> instance = co_await std::move(getting);
  co_return Lease(std::move(visit), instance, WaitingLine::Pass());
}

/// Ends one instance when it has been idle for too long or has become too old.
Task<> SharedServer::tend(std::shared_ptr<State> state, std::shared_ptr<Instance> instance) {
  while (state->instance == instance && !state->closed && instance->server->usable()) {
    const auto when = state->due(*instance);
    if (when <= Clock::now()) {
      spdlog::debug("{} is stopped until it is needed again", state->options.title);
      state->detach();
      if (instance->users == 0) co_await end(state, instance);
      co_return;  // Else the last of its calls ends it.
    }
    instance->tender.expires_at(when);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await instance->tender.async_wait(token);
  }
}

Task<> SharedServer::examine(std::shared_ptr<State> state, std::shared_ptr<Instance> instance) {
  auto asking = instance->server->client().answers(sign_of_life);
  const bool answered = co_await std::move(asking);
  if (!answered && instance->server->usable()) {
    spdlog::warn("{} gives no sign of life and is killed", state->options.title);
    instance->server->condemn(fmt::format(
        "{} was killed: it answered neither a call nor a question for a sign of life",
        state->options.title
    ));
    auto killing = instance->server->kill();
    co_await std::move(killing);
  }
  instance->examined = false;
  state->changed.notify();
}

Task<> SharedServer::end(std::shared_ptr<State>, std::shared_ptr<Instance> instance) {
  auto stopping = instance->server->stop(ending_grace);
  co_await std::move(stopping);
}

void SharedServer::replace() {
  const std::shared_ptr<State> state = state_;
  const auto instance = state->detach();
  if (instance && instance->users == 0 && instance->server->usable()) {
    State::run(state, end(state, instance));
  }
}

std::size_t SharedServer::calls() const {
  return state_->visits;
}

Task<> SharedServer::quiet() {
  const std::shared_ptr<State> state = state_;
  while (state->visits > 0)
    co_await state->deserted.wait();
}

Task<> SharedServer::give_up() {
  const std::shared_ptr<State> state = state_;
  state->ask_to_end();
  while (state->abort != nullptr)
    co_await state->changed.wait();
}

Task<> SharedServer::close(Clock::duration grace) {
  const std::shared_ptr<State> state = state_;
  state->closed = true;
  co_await give_up();
  const auto instances = state->take_all();
  state->changed.notify();
  for (const auto& instance : instances)
    co_await instance->server->stop(grace);
  co_await state->work.wait_until_at_most(0);
}

Task<> drain(std::shared_ptr<SharedServer> server) {
  co_await server->quiet();
  co_await server->close(ending_grace);
}

}  // namespace opsroom::tools

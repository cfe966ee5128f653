#include "tools/shared_server.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration first_delay = 250ms;
constexpr Clock::duration longest_delay = 30s;
// A server that lived this long is healthy: the next death counts from one again.
constexpr Clock::duration grown_up = 60s;

Clock::duration delay_after(int early_deaths) {
  if (early_deaths <= 1) return Clock::duration::zero();
  return std::min<Clock::duration>(
      longest_delay, first_delay * (1 << std::min(early_deaths - 2, 10))
  );
}

}  // namespace

struct SharedServer::State {
  State(asio::any_io_executor io, std::string name, Start begin)
      : executor(io), title(std::move(name)), launch(std::move(begin)), changed(io) {}

  bool running() const { return server && server->alive(); }

  /// Takes note of a server that has died since anybody looked.
  void bury() {
    if (!server || server->alive()) return;
    early_deaths = Clock::now() - server->started() > grown_up ? 1 : early_deaths + 1;
    last_end = Clock::now();
    server.reset();
  }

  void ask_to_end() const {
    if (abort) abort->request(StopReason::canceled);
  }

  asio::any_io_executor executor;
  std::string title;
  Start launch;
  Signal changed;
  std::shared_ptr<McpServer> server;
  std::shared_ptr<Stop> abort;  ///< of the start under way; null when there is none
  std::optional<Failure> failure;
  int early_deaths = 0;
  Clock::time_point last_end;
  bool closed = false;
};

SharedServer::SharedServer(asio::any_io_executor executor, std::string title, Start start)
    : state_(std::make_shared<State>(std::move(executor), std::move(title), std::move(start))) {}

SharedServer::~SharedServer() {
  state_->closed = true;
  state_->ask_to_end();
  if (state_->server) state_->server->kill_now();
}

// Runs on its own, so that a caller who is stopped does not take the server from the others.
Task<> SharedServer::start(std::shared_ptr<State> state) {
  const std::shared_ptr<Stop> abort = state->abort;
  try {
    const auto delay = state->last_end + delay_after(state->early_deaths) - Clock::now();
    if (delay > Clock::duration::zero()) {
      spdlog::warn("{} keeps dying; it is started again in {} ms", state->title, delay / 1ms);
      const auto until = Clock::now() + delay;
      while (!abort->requested() && Clock::now() < until) {
        auto waiting = abort->wait();
        co_await within(until - Clock::now(), std::move(waiting));
      }
    }
    if (abort->requested()) throw Failure(Code::canceled, state->title + " is not started again");
    auto launching = state->launch(*abort);
    state->server = co_await std::move(launching);
  } catch (const Failure& failure) {
    state->failure = failure;
    state->early_deaths += 1;
    state->last_end = Clock::now();
  } catch (const std::exception& error) {
    state->failure = Failure(Code::internal, fmt::format("{}: {}", state->title, error.what()));
  }
  state->abort.reset();
  state->changed.notify();
}

Task<std::shared_ptr<McpServer>> SharedServer::get(Stop& stop, Clock::time_point latest) {
  const std::shared_ptr<State> state = state_;
  const auto wake = [state](StopReason) { state->changed.notify(); };
  const auto subscription = stop.subscribe(wake);
  bool waited = false;
  while (true) {
    state->bury();
    if (state->running()) co_return state->server;
    if (waited && state->abort == nullptr && state->failure) throw *state->failure;
    if (state->closed) throw Failure(Code::canceled, fmt::format("{} is closed", state->title));
    if (must_end(stop)) {
      throw Failure(Code::canceled, fmt::format("{} was still starting", state->title));
    }
    if (Clock::now() >= latest) {
      throw Failure(Code::timeout, fmt::format("{} did not start in time", state->title), {}, true);
    }
    if (state->abort == nullptr) {
      state->failure.reset();
      state->abort = std::make_shared<Stop>(state->executor);
      asio::co_spawn(state->executor, start(state), asio::detached);
    }
    waited = true;
    if (state->abort != nullptr) co_await state->changed.wait_for(latest - Clock::now());
  }
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
  const std::shared_ptr<McpServer> server = std::exchange(state->server, nullptr);
  if (server) co_await server->stop(grace);
}

}  // namespace opsroom::tools

#include "tools/waiting_line.hpp"

#include "base/failure.hpp"
#include "tools/alarm.hpp"

#include <fmt/format.h>

#include <list>

namespace opsroom::tools {
namespace {

/// One who waits. Its alarm rings when it has been let in, or should look at its stop.
struct Waiter {
  explicit Waiter(asio::any_io_executor executor) : alarm(std::move(executor)) {}

  Alarm alarm;
  bool admitted = false;
};

}  // namespace

struct WaitingLine::State {
  State(asio::any_io_executor io, std::string name, std::size_t most)
      : executor(io), title(std::move(name)), limit(most) {}

  /// Whoever is let in counts as inside from here on, not only when its coroutine goes on: else a
  /// newcomer could slip in between.
  void admit() {
    while (inside < limit && !line.empty()) {
      const std::shared_ptr<Waiter> next = line.front();
      line.pop_front();
      next->admitted = true;
      ++inside;
      next->alarm.ring();
    }
  }

  void leave() {
    --inside;
    admit();
  }

  void abandon(const std::shared_ptr<Waiter>& waiter) {
    if (waiter->admitted) return;
    line.remove(waiter);
  }

  asio::any_io_executor executor;
  std::string title;
  std::size_t limit;
  std::size_t inside = 0;
  std::list<std::shared_ptr<Waiter>> line;
};

WaitingLine::Pass::~Pass() {
  if (state_) state_->leave();
}

WaitingLine::WaitingLine(asio::any_io_executor executor, std::string title, std::size_t limit)
    : state_(std::make_shared<State>(std::move(executor), std::move(title), limit)) {}

Task<WaitingLine::Pass> WaitingLine::enter(Stop& stop, Clock::time_point latest) {
  const std::shared_ptr<State> state = state_;
  if (state->line.empty() && state->inside < state->limit) {
    ++state->inside;
    co_return Pass(state);
  }
  const auto mine = std::make_shared<Waiter>(state->executor);
  state->line.push_back(mine);
  const auto subscription = stop.subscribe([mine](StopReason) { mine->alarm.ring(); });
  std::exception_ptr failed;
  try {
    while (!mine->admitted && !stop.requested() && Clock::now() < latest)
      co_await mine->alarm.wait_until(latest);
  } catch (...) {
    failed = std::current_exception();
  }
  if (mine->admitted) {
    Pass pass(state);
    if (failed) std::rethrow_exception(failed);
    co_return pass;
  }
  state->abandon(mine);
  if (failed) std::rethrow_exception(failed);
  const std::size_t busy = state->inside;
  if (stop.requested()) {
    throw Failure(
        Code::canceled, fmt::format("{} was busy with {} other calls", state->title, busy)
    );
  }
  throw Failure(
      Code::timeout,
      fmt::format(
          "{} was busy with {} other call{}, and this one's time ran out before its turn",
          state->title,
          busy,
          busy == 1 ? "" : "s"
      ),
      "Raise its \"concurrency\" in tools.json if it can do more at once, or the step's timeout.",
      true
  );
}

void WaitingLine::set_limit(std::size_t limit) {
  state_->limit = limit;
  state_->admit();
}

std::size_t WaitingLine::inside() const {
  return state_->inside;
}

std::size_t WaitingLine::waiting() const {
  return state_->line.size();
}

}  // namespace opsroom::tools

#include "engine/worker.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

namespace opsroom::engine {
namespace {

/// Polls of many workers must not fall together.
Milliseconds with_jitter(Milliseconds interval) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto spread = static_cast<unsigned>(std::max<Milliseconds::rep>(1, interval.count() / 4));
  return interval + Milliseconds(random() % spread);
}

}  // namespace

Worker::Worker(asio::any_io_executor executor, WorkerOptions options, Ports ports, Wakeups& wakeups)
    : executor_(executor),
      options_(std::move(options)),
      ports_(ports),
      leases_(executor, options_.id, ports.queue, options_.lease),
      cancels_(executor, options_.id, ports, options_.cancels),
      outage_("the database"),
      abandon_(executor),
      sessions_(executor),
      wake_(executor) {
  wakeups.on_queue([this] {
    news_ = true;
    wake_.notify();
  });
  wakeups.on_cancel([this](RunId run) { leases_.cancel(run); });
}

Task<> Worker::run() {
  co_await register_patiently();
  if (!draining_) {
    spdlog::info("worker {} is ready: {} slots", options_.id, options_.concurrency);
    if (options_.on_ready) options_.on_ready();
  }
  TaskGroup beside(executor_);
  std::exception_ptr broken;
  beside.start(leases_.run(), [this, &broken](std::exception_ptr error) {
    broken = error;
    drain();
  });
  beside.start(cancels_.run(), [](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      spdlog::error(
          "tasks of ended runs are not cancelled by this worker any more: {}", failure.what()
      );
    }
  });
  try {
    co_await claim_until_drained();
  } catch (...) {
    // The runs under way are given back in order before the failure leaves.
    broken = std::current_exception();
    drain();
  }
  co_await wind_down();
  leases_.end();
  co_await beside.wait_until_at_most(0);
  if (broken) std::rethrow_exception(broken);
}

Task<> Worker::register_patiently() {
  while (!draining_) {
    std::optional<Failure> away;
    try {
      co_await ports_.queue.register_worker(options_.id, options_.concurrency);
      outage_.over();
      co_return;
    } catch (const Failure& failure) {
      if (!failure.retryable()) throw;
      away = failure;
    }
    co_await outage_.wait_after(*away);
  }
}

Task<> Worker::claim_until_drained() {
  while (!draining_) {
    news_ = false;
    std::optional<Failure> away;
    bool more = false;
    try {
      more = co_await claim_once();
      outage_.over();
    } catch (const Failure& failure) {
      if (!failure.retryable()) throw;
      away = failure;
    }
    if (away) {
      co_await outage_.wait_after(*away);
    } else if (!more && !news_ && !draining_) {
      co_await wake_.wait_for(with_jitter(options_.poll_interval));
    }
  }
}

/// True when it may be worth asking again at once.
Task<bool> Worker::claim_once() {
  const int free = options_.concurrency - static_cast<int>(running_.size());
  if (free <= 0) co_return false;
  const int asked = std::min(free, options_.batch);
  std::vector<ClaimedRun> claimed = co_await ports_.queue.claim(options_.id, asked);
  const bool full = static_cast<int>(claimed.size()) == asked;
  for (ClaimedRun& run : claimed)
    start(std::move(run));
  co_return full;
}

void Worker::start(ClaimedRun claimed) {
  const RunId id = claimed.claim.run;
  spdlog::info(
      "run {}: started in lane {} of {} (attempt {})",
      id,
      claimed.lane,
      claimed.session.slug,
      claimed.claim.attempt
  );
  auto session = std::make_shared<RunSession>(
      executor_, std::move(claimed), ports_, leases_, abandon_, options_.session
  );
  running_[id] = session;
  if (draining_) session->drain();
  auto telling = [](Worker* self, std::shared_ptr<RunSession> run) -> Task<> {
    co_await run->run();
    // The same run may have been claimed anew meanwhile: only this session's entry goes.
    const auto found = self->running_.find(run->id());
    if (found != self->running_.end() && found->second == run) self->running_.erase(found);
    self->wake_.notify();
    self->news_ = true;
  }(this, session);
  sessions_.start(std::move(telling), [id](std::exception_ptr) {
    spdlog::error("run {}: its session ended with an unrecorded error", id);
  });
}

void Worker::drain() {
  if (draining_) {
    abandon_.request(StopReason::draining);
    for (auto& [run, session] : running_)
      session->cut_short();
    return;
  }
  draining_ = true;
  cancels_.end();
  for (auto& [run, session] : running_)
    session->drain();
  wake_.notify();
}

Task<> Worker::wind_down() {
  if (sessions_.running() > 0) {
    spdlog::info(
        "shutting down: {} runs finish their step, for at most {} s",
        sessions_.running(),
        options_.drain_grace.count() / 1000
    );
  }
  auto finishing = sessions_.wait_until_at_most(0);
  if (!co_await within(options_.drain_grace, std::move(finishing))) {
    for (auto& [run, session] : running_)
      session->cut_short();
    auto ending = sessions_.wait_until_at_most(0);
    if (!co_await within(Milliseconds(10'000), std::move(ending))) {
      abandon_.request(StopReason::draining);
      co_await sessions_.wait_until_at_most(0);
    }
  }
  std::optional<Failure> failed;
  try {
    co_await ports_.queue.unregister_worker(options_.id);
  } catch (const Failure& failure) {
    failed = failure;
  }
  if (failed) spdlog::warn("could not say good-bye: {}", failed->what());
}

}  // namespace opsroom::engine

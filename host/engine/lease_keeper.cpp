#include "engine/lease_keeper.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace opsroom::engine {

LeaseKeeper::LeaseKeeper(
    asio::any_io_executor executor, std::string worker, RunQueue& queue, LeaseTimes times
)
    : worker_(std::move(worker)),
      queue_(queue),
      times_(times),
      outage_("heartbeat: the database"),
      wake_(executor),
      fence_wake_(executor) {}

void LeaseKeeper::hold(const Claim& claim, Stop& stop, OnTrusted on_trusted) {
  Held& held = held_[claim.run];
  held = Held{claim, &stop, std::move(on_trusted), {}};
  trust(held, Clock::now() + times_.self_fence);
  fence_wake_.notify();
}

void LeaseKeeper::trust(Held& held, Clock::time_point until) {
  held.trusted_until = until;
  held.on_trusted(until);
}

void LeaseKeeper::release(const Claim& claim) {
  const auto found = held_.find(claim.run);
  if (found != held_.end() && found->second.claim.token == claim.token) held_.erase(found);
}

void LeaseKeeper::cancel(RunId run) {
  const auto found = held_.find(run);
  if (found != held_.end()) found->second.stop->request(StopReason::canceled);
}

void LeaseKeeper::cancel_all(StopReason reason) {
  for (auto& [run, held] : held_)
    held.stop->request(reason);
}

Task<> LeaseKeeper::run() {
  using namespace asio::experimental::awaitable_operators;
  auto fences = watch_fences();
  auto beats = [](LeaseKeeper* self) -> Task<> {
    while (!self->ended_) {
      if (!self->outage_.ongoing() || self->held_.empty()) {
        co_await self->wake_.wait_for(self->times_.heartbeat);
      }
      if (!self->ended_ && !self->held_.empty()) co_await self->beat();
    }
  }(this);
  co_await (std::move(fences) && std::move(beats));
}

void LeaseKeeper::end() {
  ended_ = true;
  wake_.notify();
  fence_wake_.notify();
}

// A fence has its own watch: it must fall while a heartbeat hangs on a dead connection.
Task<> LeaseKeeper::watch_fences() {
  while (!ended_) {
    fence_expired();
    co_await fence_wake_.wait_for(until_next_fence());
  }
}

Clock::duration LeaseKeeper::until_next_fence() const {
  auto next = Clock::now() + times_.self_fence;
  for (const auto& [run, held] : held_) {
    if (!held.stop->requested()) next = std::min(next, held.trusted_until);
  }
  return std::max<Clock::duration>(next - Clock::now(), Milliseconds(5));
}

void LeaseKeeper::fence_expired() {
  const auto now = Clock::now();
  for (auto& [run, held] : held_) {
    if (held.stop->requested() || now < held.trusted_until) continue;
    spdlog::warn("run {}: no heartbeat reached the database in time; stopping the work", run);
    held.stop->request(StopReason::lease_lost);
  }
}

Task<> LeaseKeeper::beat() {
  std::vector<Claim> claims;
  for (const auto& [run, held] : held_)
    claims.push_back(held.claim);
  const auto sent = Clock::now();
  std::vector<Beat> beats;
  std::optional<Failure> away;
  try {
    beats = co_await queue_.heartbeat(worker_, std::move(claims));
  } catch (const Failure& failure) {
    away = failure;
  }
  if (away) {
    co_await outage_.wait_after(*away);
    co_return;
  }
  outage_.over();
  for (const Beat& beat : beats) {
    const auto found = held_.find(beat.run);
    if (found == held_.end()) continue;
    if (beat.lost) {
      found->second.stop->request(StopReason::lease_lost);
    } else {
      trust(found->second, sent + times_.self_fence);
      if (beat.cancel_requested) found->second.stop->request(StopReason::canceled);
    }
  }
}

}  // namespace opsroom::engine

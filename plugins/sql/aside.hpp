#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace opsroom::plugins::sql {

/// Runs `work`, which may hang in the system (the lookup of a name, a connect), on a thread of its
/// own, and waits for it until the deadline or until `given_up` says so. Nothing when it was not
/// done by then: it goes on alone, and what it makes is thrown away. `work` must not throw.
template <class Work>
auto aside(
    Work work, std::chrono::steady_clock::time_point deadline, const std::function<bool()>& given_up
) -> std::optional<decltype(work())> {
  using Clock = std::chrono::steady_clock;
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<decltype(work())> made;
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, work = std::move(work)] {
    auto made = work();
    const std::lock_guard lock(shared->mutex);
    shared->made.emplace(std::move(made));
    shared->changed.notify_all();
  }).detach();
  // A cancel has to be asked for.
  constexpr std::chrono::milliseconds step{50};
  std::unique_lock lock(shared->mutex);
  while (!shared->made && !given_up() && Clock::now() < deadline)
    shared->changed.wait_until(lock, std::min(deadline, Clock::now() + step));
  return std::exchange(shared->made, std::nullopt);
}

}  // namespace opsroom::plugins::sql

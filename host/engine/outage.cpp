#include "engine/outage.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace opsroom::engine {
namespace {

Milliseconds pause_before_try(int tries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int base = std::min(2000, 100 << std::min(tries, 5));
  return Milliseconds(base / 2 + static_cast<int>(random() % static_cast<unsigned>(base / 2 + 1)));
}

}  // namespace

Task<> Outage::wait_after(Failure failure) {
  if (tries_ == 0) {
    spdlog::warn("{}: {}; trying again until it is back", what_, failure.what());
  }
  const auto pause = pause_before_try(tries_++);
  co_await pause_for(pause);
}

void Outage::over() {
  if (tries_ > 0) spdlog::info("{} is back after {} tries", what_, tries_);
  tries_ = 0;
}

}  // namespace opsroom::engine

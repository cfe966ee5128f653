#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace opsroom::tools {

/// Lets at most so many calls in at once; the others wait in line, first come, first served. Io
/// thread only.
class WaitingLine {
  struct State;

 public:
  /// The right to be inside, given back when destroyed.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Pass(Pass&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(state_, other.state_);
      return *this;
    }
    ~Pass();
    explicit operator bool() const { return state_ != nullptr; }

   private:
    std::shared_ptr<State> state_;
  };

  /// `title` is whose gate it is, for messages. `limit` is at least 1.
  WaitingLine(asio::any_io_executor executor, std::string title, std::size_t limit);

  /// Waits for its turn. Failure{timeout} at `latest`, Failure{canceled} when `stop` comes first;
  /// its place in the line is gone then.
  Task<Pass> enter(Stop& stop, Clock::time_point latest);

  /// From now on; whoever is inside stays.
  void set_limit(std::size_t limit);

  std::size_t inside() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace opsroom::tools

#include "engine/step_deadline.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::engine {

StepDeadline::StepDeadline(asio::any_io_executor executor, Milliseconds limit, Stop& stop)
    : timer_(std::move(executor)),
      left_(limit),
      stop_(stop),
      limited_(limit > Milliseconds::zero()) {
  start();
}

void StepDeadline::start() {
  if (!limited_) return;
  started_ = Clock::now();
  timer_.expires_after(left_);
  const std::weak_ptr<int> alive = rounds_;
  const int round = ++*rounds_;
  timer_.async_wait([alive, round, &stop = stop_](boost::system::error_code error) {
    const auto now = alive.lock();
    if (!error && now && *now == round) stop.request(StopReason::timed_out);
  });
}

void StepDeadline::hold() {
  if (++holds_ > 1 || !limited_) return;
  ++*rounds_;
  timer_.cancel();
  left_ = std::max<Clock::duration>(left_ - (Clock::now() - started_), Clock::duration::zero());
}

void StepDeadline::go_on() {
  if (--holds_ == 0) start();
}

}  // namespace opsroom::engine

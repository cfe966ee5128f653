#include "tools/alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>

namespace opsroom::tools {
namespace {

// The timer is set no farther ahead: so it rarely has to be set again for a nearer deadline, and
// what is left of it after the last wait soon runs out.
constexpr Clock::duration farthest = std::chrono::milliseconds(250);

}  // namespace

/// Wakes the alarms of one io context at their deadlines. Its one timer is left alone as long as it
/// comes early enough: then it finds nothing due and is set again.
class AlarmClock : public asio::execution_context::service {
 public:
  using key_type = AlarmClock;
  static asio::execution_context::id id;

  explicit AlarmClock(asio::execution_context& context)
      : service(context), timer_(static_cast<asio::io_context&>(context)) {}

  void add(Alarm& alarm) {
    alarm.previous_ = nullptr;
    alarm.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &alarm;
    first_ = &alarm;
    if (alarm.deadline_ < armed_) arm(alarm.deadline_);
  }

  void remove(Alarm& alarm) {
    (alarm.previous_ != nullptr ? alarm.previous_->next_ : first_) = alarm.next_;
    if (alarm.next_ != nullptr) alarm.next_->previous_ = alarm.previous_;
  }

 private:
  // What waits when the context ends never goes on: its coroutines are destroyed, as with a timer.
  void shutdown() override {
    while (first_ != nullptr)
      first_->drop();
  }

  void arm(Clock::time_point deadline) {
    if (deadline == Clock::time_point::max()) return;
    const auto wanted = std::min(deadline, Clock::now() + farthest);
    if (wanted >= armed_) return;
    armed_ = wanted;
    timer_.expires_at(wanted);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) look();
    });
  }

  void look() {
    armed_ = Clock::time_point::max();
    const auto now = Clock::now();
    auto nearest = Clock::time_point::max();
    for (Alarm* alarm = first_; alarm != nullptr;) {
      Alarm& seen = *std::exchange(alarm, alarm->next_);
      if (seen.deadline_ <= now) {
        seen.resume_soon();
      } else {
        nearest = std::min(nearest, seen.deadline_);
      }
    }
    arm(nearest);
  }

  asio::steady_timer timer_;
  Clock::time_point armed_ = Clock::time_point::max();
  Alarm* first_ = nullptr;
};

asio::execution_context::id AlarmClock::id;

Alarm::Alarm(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      clock_(asio::use_service<AlarmClock>(asio::query(executor_, asio::execution::context))) {}

Alarm::~Alarm() {
  drop();
}

void Alarm::ring() {
  rung_ = true;
  resume_soon();
}

void Alarm::ring_now() {
  rung_ = true;
  if (waiter_ != nullptr) waiter_->resume(*this);
}

bool Alarm::rang() {
  if (std::exchange(cancelled_, false)) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  return std::exchange(rung_, false);
}

Task<bool> Alarm::wait_until(Clock::time_point deadline) {
  if (rang()) co_return true;
  co_await sleep_until(deadline);
  co_return rang();
}

void Alarm::enlist(Waiter& waiter, Clock::time_point deadline) {
  waiter_ = &waiter;
  deadline_ = deadline;
  clock_.add(*this);
}

void Alarm::delist() {
  clock_.remove(*this);
  if (slot_.is_connected()) slot_.clear();
  waiter_ = nullptr;
}

void Alarm::drop() {
  if (waiter_ != nullptr) waiter_->drop(*this);
}

void Alarm::resume_soon() {
  if (waiter_ != nullptr) waiter_->resume_soon(*this);
}

}  // namespace opsroom::tools

#include "tools/alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

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
      first_->dismiss();
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

template <class Handler>
struct Alarm::HandlerWaiter : Alarm::Waiter {
  explicit HandlerWaiter(Handler given) : handler(std::move(given)) {}
  void resume() override { std::move(handler)(); }
  Handler handler;
};

Alarm::Alarm(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      clock_(asio::use_service<AlarmClock>(asio::query(executor_, asio::execution::context))) {}

Alarm::~Alarm() {
  dismiss();
}

void Alarm::ring() {
  rung_ = true;
  resume_soon();
}

void Alarm::ring_now() {
  rung_ = true;
  if (const auto waiter = dismiss()) waiter->resume();
}

Task<bool> Alarm::wait_until(Clock::time_point deadline) {
  if (!rung_) {
    const auto initiate = [this, deadline](auto handler) { begin(std::move(handler), deadline); };
    // Deferred: it is begun in this coroutine's own frame instead of in another one.
    co_await asio::async_initiate<const asio::deferred_t, void()>(initiate, asio::deferred);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
  co_return std::exchange(rung_, false);
}

template <class Handler>
void Alarm::begin(Handler handler, Clock::time_point deadline) {
  slot_ = asio::get_associated_cancellation_slot(handler);
  if (slot_.is_connected()) {
    slot_.assign([this](asio::cancellation_type) { resume_soon(); });
  }
  enlist(std::make_unique<HandlerWaiter<Handler>>(std::move(handler)), deadline);
}

void Alarm::enlist(std::unique_ptr<Waiter> waiter, Clock::time_point deadline) {
  waiter_ = std::move(waiter);
  deadline_ = deadline;
  clock_.add(*this);
}

std::unique_ptr<Alarm::Waiter> Alarm::dismiss() {
  if (!waiter_) return nullptr;
  clock_.remove(*this);
  if (slot_.is_connected()) slot_.clear();
  return std::move(waiter_);
}

void Alarm::resume_soon() {
  auto waiter = dismiss();
  if (!waiter) return;
  asio::post(executor_, [waiter = std::move(waiter)]() { waiter->resume(); });
}

}  // namespace opsroom::tools

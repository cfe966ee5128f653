#include "engine/step_listener.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::engine {

/// Counts a question as open for as long as it lives, however its coroutine ends.
class StepListener::OpenQuestion {
 public:
  explicit OpenQuestion(StepListener& owner) : owner_(owner) {
    ++owner_.open_questions_;
    owner_.deadline_.hold();
    owner_.changed_.notify();
  }
  OpenQuestion(const OpenQuestion&) = delete;
  OpenQuestion& operator=(const OpenQuestion&) = delete;
  ~OpenQuestion() {
    --owner_.open_questions_;
    owner_.deadline_.go_on();
    owner_.changed_.notify();
  }

 private:
  StepListener& owner_;
};

StepListener::StepListener(
    asio::any_io_executor executor,
    StepContext context,
    Step step,
    StepDeadline& deadline,
    Stop& stop
)
    : context_(context),
      step_(std::move(step)),
      deadline_(deadline),
      stop_(stop),
      changed_(std::move(executor)) {}

Task<> StepListener::log(std::string stream, std::string text) {
  co_await context_.log.lines(step_.id, std::move(stream), std::move(text));
}

void StepListener::progress(double done, std::optional<double> total, std::string message) {
  const auto now = Clock::now();
  const bool last = total && done >= *total;
  if (!last && now - told_progress_ < Milliseconds(100)) return;
  told_progress_ = now;
  context_.log.add(
      "progress",
      step_.id,
      Json{{"done", done}, {"total", total ? Json(*total) : Json()}, {"message", message}}
  );
}

Task<InputReply> StepListener::ask(InputAsk ask, Milliseconds limit) {
  return ask_person(std::move(ask), limit, stop_);
}

Task<InputReply> StepListener::ask_until(InputAsk question, Milliseconds limit, Stop& withdrawn) {
  Stop over(co_await asio::this_coro::executor);
  const auto end = [&over](StopReason reason) { over.request(reason); };
  const auto stopped = stop_.subscribe(end);
  const auto taken_back = withdrawn.subscribe(end);
  auto asking = ask_person(std::move(question), limit, over);
  co_return co_await std::move(asking);
}

Task<InputReply> StepListener::ask_person(InputAsk ask, Milliseconds limit, Stop& over) {
  const OpenQuestion open(*this);
  LiveQuestion question{step_.position, step_.id, step_.tool, std::move(ask), limit};
  std::optional<Failure> failed;
  try {
    auto asking = context_.inputs.ask(context_.claim, std::move(question), over);
    co_return co_await std::move(asking);
  } catch (const LeaseLost&) {
    stop_.request(StopReason::lease_lost);
  } catch (const Failure& failure) {
    failed = failure;
  }
  if (failed) {
    context_.log.note(step_.id, fmt::format("Nobody could be asked: {}", failed->what()));
  }
  co_return InputReply{};
}

// Beside the questions, not in them: a database that is away must not keep a question from ending
// when the run is stopped.
Task<> StepListener::keep_telling() {
  while (!ended_) {
    const bool waiting = open_questions_ > 0;
    if (told_waiting_ == waiting) {
      co_await changed_.wait();
      continue;
    }
    told_waiting_ = waiting;
    step_.status = waiting ? StepStatus::waiting : StepStatus::running;
    auto telling = record_step(context_, step_, waiting ? "step.waiting" : "step.started");
    co_await std::move(telling);
  }
}

void StepListener::end() {
  ended_ = true;
  changed_.notify();
}

}  // namespace opsroom::engine

#pragma once

#include "engine/step_context.hpp"
#include "engine/step_deadline.hpp"

#include <exception>
#include <optional>
#include <string>

namespace opsroom::engine {

/// What a tool says while it works goes to the run's log, progress at most ten times a second; what
/// it asks goes to a person. While a question is open the step is shown as waiting and its time
/// stands still. Io thread only.
class StepListener : public CallListener {
 public:
  /// `step` as it was recorded when it started. What is borrowed outlives it.
  StepListener(
      asio::any_io_executor executor,
      StepContext context,
      Step step,
      StepDeadline& deadline,
      Stop& stop
  );

  Task<> log(std::string stream, std::string text) override;
  void progress(double done, std::optional<double> total, std::string message) override;
  /// Never throws for the question's sake: whoever asked hears "cancel" when nobody can be asked.
  Task<InputReply> ask(InputAsk ask, Milliseconds limit) override;
  Task<InputReply> ask_until(InputAsk question, Milliseconds limit, Stop& withdrawn) override;

  /// Keeps the step's row at waiting or running; run it beside the call, end it with end().
  Task<> keep_telling();
  void end();

 private:
  class OpenQuestion;

  Task<InputReply> ask_person(InputAsk question, Milliseconds limit, Stop& over);

  StepContext context_;
  Step step_;
  StepDeadline& deadline_;
  Stop& stop_;
  Clock::time_point told_progress_;
  int open_questions_ = 0;
  bool told_waiting_ = false;
  bool ended_ = false;
  Signal changed_;
};

}  // namespace opsroom::engine

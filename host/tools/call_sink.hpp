#pragma once

#include "base/async.hpp"
#include "ports/toolbox.hpp"
#include "tools/alarm.hpp"

#include <functional>
#include <list>
#include <optional>
#include <string>

namespace opsroom::tools {

/// Answers a server's sampling/createMessage by a tool: takes the request's params, returns what
/// the tool said. `stop` outlives the call.
using Sampling = std::function<Task<ToolResult>(Json params, Stop& stop)>;

/// Stands between a server's two streams and the listener of one call: hands on one text at a time,
/// and nothing at all after the call is over, however late it comes. Keeps the call's clock: it
/// stands still while a person is being asked. Io thread only.
class CallSink {
 public:
  CallSink(asio::any_io_executor executor, CallListener& listener)
      : executor_(std::move(executor)), listener_(&listener) {}

  /// How long a person may take, and who answers sampling (empty: nobody). For the calls to come.
  void grant(Clock::duration input_limit, Sampling sampling);
  bool samples() const { return static_cast<bool>(sampling_); }

  /// Waits for its turn and for the listener: the back-pressure. `text` becomes printable UTF-8.
  Task<> log(std::string stream, std::string text);
  void progress(double done, std::optional<double> total, std::string message);

  /// Asks a person, beside everything else; InputAction::cancel when nobody answers within the
  /// limit, `withdrawn` is requested or the call is over. `withdrawn` outlives it.
  Task<InputReply> ask(InputAsk question, Stop& withdrawn);
  /// Has the sampling tool answer; it is stopped when `withdrawn` is requested or the call is over.
  Task<ToolResult> sample(Json params, Stop& withdrawn);

  /// A person is being asked.
  bool held() const { return questions_ > 0; }
  /// The server waits for its sampling: a silence that is not its own.
  bool sampling() const { return samplings_ > 0; }
  /// How long persons have been asked in all, up to the last answer.
  Clock::duration held_for() const { return held_for_; }
  /// Nobody has answered a question in time.
  bool unanswered() const { return unanswered_; }
  Clock::duration input_limit() const { return input_limit_; }

  /// When the server last gave a sign by which the call goes on.
  Clock::time_point last_sign() const { return last_sign_; }
  void sign() { last_sign_ = Clock::now(); }

  /// Whoever waits for the call hears when its clock goes on; null: nobody. Outlives the sink or is
  /// taken back.
  void wake(Alarm* waiter) { waiter_ = waiter; }

  /// Lets go of the listener and of open questions; returns when nobody is being called any more.
  Task<> close();

 private:
  using Open = std::list<Stop*>;

  Open::iterator begin_asking(Stop& withdrawn);
  void end_asking(Open::iterator asked);

  Signal& freed();

  asio::any_io_executor executor_;
  CallListener* listener_;
  std::optional<Signal> free_;  ///< made when somebody first waits: most calls say nothing
  bool busy_ = false;
  Open open_;
  int questions_ = 0;
  int samplings_ = 0;
  Clock::time_point held_since_;
  Clock::duration held_for_{};
  Clock::time_point last_sign_{};
  Clock::duration input_limit_ = std::chrono::minutes(15);
  Sampling sampling_;
  Alarm* waiter_ = nullptr;
  bool unanswered_ = false;
};

}  // namespace opsroom::tools

#include "tools/call_flow.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "base/wall_clock.hpp"
#include "tools/call_content.hpp"
#include "tools/early_end.hpp"
#include "tools/json_fields.hpp"
#include "tools/tools_config.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_arguments_kept = 64u << 10;

/// How long a server is to keep a task's result: longer than anybody will wait for it.
std::int64_t task_ttl(Clock::time_point latest) {
  const auto left = std::max<Clock::duration>(latest - Clock::now(), 0s) + 1min;
  return std::chrono::duration_cast<Milliseconds>(left).count();
}

}  // namespace

CallFlow::CallFlow(
    McpClient& client, const ServerCall& call, std::shared_ptr<CallSink> sink, Stop& stop
)
    : client_(client), call_(call), sink_(std::move(sink)), stop_(stop) {
  sink_->grant(call_.input_limit, call_.sampling);
}

bool CallFlow::must_prepare() const {
  return !call_.call.resume.is_null() || client_.must_learn_tasks() ||
         client_.needs_task(call_.name);
}

Task<> CallFlow::prepare() {
  auto learning = learn_tasks();
  co_await std::move(learning);
  if (call_.call.resume.is_null()) co_return;
  std::optional<Failure> failed;
  Delivery delivery = Delivery::not_sent;
  try {
    CallState state = call_state(call_.call.resume);
    // Of a task it is not known how far it came, whatever is wrong from here on.
    if (state.kind == CallState::Kind::task) delivery = Delivery::unknown;
    auto resuming = go_on_from(std::move(state));
    co_await std::move(resuming);
  } catch (const Failure& failure) {
    failed = failure;
  }
  if (failed) fail(*failed, delivery);
}

Task<> CallFlow::learn_tasks() {
  try {
    if (client_.must_learn_tasks()) {
      auto learning = client_.list_tools(call_.idle_timeout);
      co_await std::move(learning);
    }
  } catch (const Failure& failure) {
    // The call itself will say more about what is wrong.
    spdlog::warn("{}: which tools are tasks is not known: {}", client_.title(), failure.message());
  }
  as_task_ = client_.needs_task(call_.name);
}

Task<> CallFlow::go_on_from(CallState state) {
  if (client_.era() == Era::legacy && state.kind != CallState::Kind::url) {
    throw Failure(
        Code::conflict,
        fmt::format("{} has become a legacy server and cannot go on with it", client_.title()),
        "Bring back the version of the server that the run was begun with."
    );
  }
  round_ = state.round + 1;
  if (call_.call.give_up) {
    auto ending = end_what_was_laid_down(std::move(state));
    co_await std::move(ending);
    co_return;
  }
  switch (state.kind) {
    case CallState::Kind::task: {
      auto following = follow_task(std::move(state), Json());
      co_await std::move(following);
      break;
    }
    case CallState::Kind::url:
      resume_urls(state);
      break;
    case CallState::Kind::input:
      responses_ = input_responses(state, call_.call.answers);
      request_state_ = state.request_state;
      break;
  }
}

/// Only a task works on without its call; of anything else there is nothing to end.
Task<> CallFlow::end_what_was_laid_down(CallState state) {
  if (state.kind == CallState::Kind::task) {
    auto cancelling = cancel_task(std::move(state));
    co_await std::move(cancelling);
    co_return;
  }
  next_ = Next::over;
  result_ = ToolResult{};
  result_.delivery = Delivery::answered;
  result_.succeeded = true;
}

void CallFlow::send_call() {
  static thread_local WallClock wall;
  sent_ = Clock::now();
  started_ = wall.at(sent_);
  const auto latest = started_.time_since_epoch() + (call_.latest - sent_);
  const auto latest_ms = std::chrono::duration_cast<Milliseconds>(latest).count();
  mcp::CallContext context{call_.call, call_.name, call_.directory, latest_ms};
  context.traceparent = call_.traceparent;
  if (!call_.call.traceparent.empty()) context.tracestate = call_.call.tracestate;
  if (!responses_.is_null()) context.input_responses = std::exchange(responses_, Json());
  if (request_state_) context.request_state = std::exchange(request_state_, std::nullopt);
  if (as_task_) context.task_ttl_ms = task_ttl(call_.latest);
  // Grown by the first calls for all later ones.
  static thread_local std::string arguments;
  arguments.clear();
  mcp::write_arguments(call_.call, arguments);
  exchange_ = client_.start_call(std::move(context), arguments, sink_, sent_);
  // While the server is at work already.
  if (argument_sha256_.empty()) argument_sha256_ = sha256_hex(arguments);
  if (arguments.capacity() > most_arguments_kept) arguments = std::string();
}

AnswerWait CallFlow::wait() {
  return client_.wait_for(*exchange_, limits(), stop_);
}

CallLimits CallFlow::limits() const {
  return {call_.idle_timeout, call_.latest + sink_->held_for()};
}

bool CallFlow::take(Wake wake) {
  wake_ = wake;
  next_ = Next::over;
  if (wake != Wake::answered) return false;
  client_.forget(exchange_);
  if (pending_.kind != Pending::Kind::none) pending_ = Pending{};
  client_.read_result(*exchange_, result_, pending_);
  note(*exchange_, outcome());
  return pending_.kind != Pending::Kind::none;
}

Task<> CallFlow::go_on() {
  std::optional<Failure> failed;
  Pending pending = std::exchange(pending_, Pending{});
  // What was said so far is not the result.
  result_ = ToolResult{};
  result_.delivery = Delivery::answered;
  try {
    switch (pending.kind) {
      case Pending::Kind::input: {
        auto taking = take_input(std::move(pending.payload));
        co_await std::move(taking);
        break;
      }
      case Pending::Kind::task: {
        auto beginning = begin_task(std::move(pending.payload));
        co_await std::move(beginning);
        break;
      }
      case Pending::Kind::url:
        take_urls(pending.payload);
        break;
      case Pending::Kind::none:
        break;
    }
  } catch (const Failure& failure) {
    failed = failure;
  }
  if (failed) fail(*failed, Delivery::answered);
}

void CallFlow::fail(const Failure& failure, Delivery delivery) {
  next_ = Next::over;
  result_ = ToolResult{};
  result_.delivery = delivery;
  result_.error = failure.message();
  result_.hint = failure.hint();
}

void CallFlow::suspend(
    CallState state, std::vector<InputAsk> asks, std::optional<Milliseconds> look_again
) {
  next_ = Next::over;
  result_ = ToolResult{};
  result_.delivery = Delivery::answered;
  Suspension suspension;
  suspension.state = to_json(state);
  suspension.why = why(asks);
  suspension.asks = std::move(asks);
  suspension.look_again = look_again;
  suspension.elsewhere = state.kind == CallState::Kind::task;
  result_.suspended = std::move(suspension);
}

std::string CallFlow::why(const std::vector<InputAsk>& asks) const {
  if (asks.empty()) return fmt::format("{} works on it as a task", client_.title());
  return why_asked(client_.title(), asks);
}

void CallFlow::give_up() {
  const bool stopped = wake_ == Wake::stopped;
  std::string reason = wake_ == Wake::idle ? "no answer or progress in time" : "too long in total";
  if (stopped) reason = stop_reason_name(stop_.reason());
  if (task_.empty()) {
    client_.cancel(exchange_, reason);
  } else if (!stopped || stop_.reason() != StopReason::lease_lost) {
    // A task outlives a worker that has lost the run: it is the next one's then.
    client_.cancel_task(task_);
  }
}

ToolResult& CallFlow::conclude() {
  if (exchange_) client_.forget(exchange_);
  if (created_) client_.forget(created_);
  if (!task_.empty()) client_.drop_task(task_);
  if (wake_ != Wake::answered) {
    if (task_.empty()) {
      result_ = client_.result(*exchange_);
    } else {
      result_ = ToolResult{};
      result_.delivery = Delivery::unknown;
      result_.error = client_.end_reason();
    }
    if (ended_early()) explain_early_end(result_, wake_, call_, stop_);
    note(*exchange_, outcome());
  }
  if (!result_.succeeded && !result_.suspended && sink_->unanswered()) {
    result_.error += fmt::format(
        "{}nobody answered its question within {}",
        result_.error.empty() ? "" : "; ",
        duration_text(sink_->input_limit())
    );
    result_.hint = "Answer sooner, or raise \"inputLimit\" of its source in tools.json.";
  }
  mcp::name_artifacts(result_, call_.call.step);
  result_.records = std::move(records_);
  return result_;
}

std::string CallFlow::outcome() const {
  if (pending_.kind == Pending::Kind::task) return "task";
  if (pending_.kind != Pending::Kind::none) return "input_required";
  if (result_.timed_out) return "timed_out";
  if (result_.canceled) return "canceled";
  return result_.succeeded ? "succeeded" : "failed";
}

void CallFlow::note(const Exchange& exchange, std::string outcome) {
  // Of a call that goes on in another process the arguments were sent by the first one; and a
  // record that seemed the last has taken the digest along.
  if (argument_sha256_.empty()) argument_sha256_ = sha256_hex(mcp::call_arguments(call_.call));
  CallRecord& record = records_.emplace_back();
  record.tool = call_.call.tool;
  record.server = client_.shared_identity();
  record.pin = call_.pin;
  const bool last = pending_.kind == Pending::Kind::none;
  record.argument_sha256 = last ? std::move(argument_sha256_) : argument_sha256_;
  record.started = started_;
  const auto ended = exchange.answered() ? exchange.ended : Clock::now();
  // An answer to a guessed id may have been read before its request was sent.
  const auto took = std::max<Clock::duration>(ended - sent_, 0s);
  record.took = std::chrono::duration_cast<std::chrono::microseconds>(took);
  const bool left = !exchange.sent.untouched();
  record.bytes_sent = left ? static_cast<std::int64_t>(exchange.bytes) : 0;
  if (exchange.answer) record.bytes_received = static_cast<std::int64_t>(exchange.answer->bytes);
  record.round = round_;
  record.delivery = result_.delivery;
  record.outcome = std::move(outcome);
}

}  // namespace opsroom::tools

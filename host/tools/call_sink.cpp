#include "tools/call_sink.hpp"

#include "base/text.hpp"

#include <spdlog/spdlog.h>

#include <vector>

namespace opsroom::tools {

void CallSink::grant(Clock::duration input_limit, Sampling sampling) {
  input_limit_ = input_limit;
  sampling_ = std::move(sampling);
}

Signal& CallSink::freed() {
  return free_ ? *free_ : free_.emplace(executor_);
}

Task<> CallSink::log(std::string stream, std::string text) {
  while (busy_)
    co_await freed().wait();
  if (listener_ == nullptr) co_return;
  busy_ = true;
  try {
    std::string printable = printable_utf8(text);
    co_await listener_->log(std::move(stream), std::move(printable));
  } catch (const std::exception& error) {
    // The listener's trouble must not end the reading of the server's pipe.
    spdlog::warn("a tool's log line could not be recorded: {}", error.what());
  }
  busy_ = false;
  if (free_) free_->notify();
}

void CallSink::progress(double done, std::optional<double> total, std::string message) {
  if (listener_ != nullptr) listener_->progress(done, total, std::move(message));
}

CallSink::Open::iterator CallSink::begin_asking(Stop& withdrawn) {
  return open_.insert(open_.end(), &withdrawn);
}

void CallSink::end_asking(Open::iterator asked) {
  open_.erase(asked);
  if (free_) free_->notify();
}

Task<InputReply> CallSink::ask(InputAsk question, Stop& withdrawn) {
  InputReply reply;
  if (listener_ == nullptr || withdrawn.requested()) co_return reply;
  const auto asked = begin_asking(withdrawn);
  const auto began = Clock::now();
  const auto limit = std::chrono::duration_cast<Milliseconds>(input_limit_);
  if (questions_++ == 0) held_since_ = began;
  try {
    auto asking = listener_->ask_until(std::move(question), limit, withdrawn);
    reply = co_await std::move(asking);
  } catch (const std::exception& error) {
    spdlog::warn("a tool's question could not be asked: {}", error.what());
  }
  const auto now = Clock::now();
  // Whoever keeps the limit may do so by another clock.
  const bool in_time = now - began < limit - limit / 20 || withdrawn.requested();
  if (reply.action == InputAction::cancel && !in_time) unanswered_ = true;
  if (--questions_ == 0) {
    held_for_ += now - held_since_;
    last_sign_ = now;
    if (waiter_ != nullptr) waiter_->ring();
  }
  end_asking(asked);
  co_return reply;
}

Task<ToolResult> CallSink::sample(Json params, Stop& withdrawn) {
  ToolResult result;
  result.error = "the call is over";
  if (listener_ == nullptr || !sampling_ || withdrawn.requested()) co_return result;
  const auto asked = begin_asking(withdrawn);
  ++samplings_;
  try {
    auto calling = sampling_(std::move(params), withdrawn);
    result = co_await std::move(calling);
  } catch (const std::exception& error) {
    result = ToolResult{};
    result.error = error.what();
  }
  --samplings_;
  sign();
  end_asking(asked);
  co_return result;
}

Task<> CallSink::close() {
  listener_ = nullptr;
  const std::vector<Stop*> open(open_.begin(), open_.end());
  for (Stop* withdrawn : open)
    withdrawn->request(StopReason::canceled);
  while (busy_ || !open_.empty())
    co_await freed().wait();
}

}  // namespace opsroom::tools

#include "tools/call_sink.hpp"

#include "base/text.hpp"

#include <spdlog/spdlog.h>

namespace opsroom::tools {

Task<> CallSink::log(std::string stream, std::string text) {
  while (busy_)
    co_await free_.wait();
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
  free_.notify();
}

void CallSink::progress(double done, std::optional<double> total, std::string message) {
  if (listener_ != nullptr) listener_->progress(done, total, std::move(message));
}

Task<> CallSink::close() {
  listener_ = nullptr;
  while (busy_)
    co_await free_.wait();
}

}  // namespace opsroom::tools

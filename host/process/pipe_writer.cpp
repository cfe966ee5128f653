#include "process/pipe_writer.hpp"

#include "base/failure.hpp"

#include <boost/asio/detached.hpp>

#include <cerrno>
#include <deque>
#include <unistd.h>
#include <utility>

namespace opsroom::process {
namespace {

Failure input_closed() {
  return Failure(
      Code::unavailable, "the process has closed its input", "It has ended, or it reads no more."
  );
}

}  // namespace

/// Shared with the pump, which may be in the middle of a message when the writer goes.
struct PipeWriter::State {
  State(asio::posix::stream_descriptor& stream, std::size_t most)
      : pipe(stream), limit(most), changed(stream.get_executor()) {}

  std::size_t waiting() const { return static_cast<std::size_t>(queued - written); }

  /// Writes what the pipe takes now. By hand rather than by async_write, whose bytes leave before
  /// its handler is told: `written` must never be behind the truth.
  void push() {
    while (!broken && !messages.empty()) {
      const std::string& message = messages.front();
      const ssize_t n = ::write(pipe.native_handle(), message.data() + sent, message.size() - sent);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) {
        broken = true;
        return;
      }
      sent += static_cast<std::size_t>(n);
      written += static_cast<std::uint64_t>(n);
      if (sent < message.size()) continue;
      messages.pop_front();
      sent = 0;
    }
  }

  asio::posix::stream_descriptor& pipe;
  std::size_t limit;
  Signal changed;
  std::deque<std::string> messages;
  std::size_t sent = 0;  ///< of the first message
  std::uint64_t queued = 0;
  std::uint64_t written = 0;
  bool pumping = false;
  bool broken = false;
  bool closing = false;
};

PipeWriter::PipeWriter(asio::posix::stream_descriptor& pipe, std::size_t limit)
    : state_(std::make_shared<State>(pipe, limit)) {
  pipe.native_non_blocking(true);
}

PipeWriter::~PipeWriter() {
  state_->broken = true;
  boost::system::error_code ignored;
  if (state_->pumping) state_->pipe.cancel(ignored);
  state_->changed.notify();
}

/// Runs while the pipe is full. Once broken, the pipe may have gone and is not touched any more.
Task<> PipeWriter::pump(std::shared_ptr<State> state) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!state->broken && !state->messages.empty()) {
    co_await state->pipe.async_wait(asio::posix::stream_descriptor::wait_write, token);
    if (error) state->broken = true;
    state->push();
    state->changed.notify();
  }
  state->pumping = false;
  if (state->broken) state->messages.clear();
  state->changed.notify();
}

Task<PipeWriter::Ticket> PipeWriter::write(std::string message) {
  const auto state = state_;
  const auto has_room = [&] {
    return state->waiting() == 0 || state->waiting() + message.size() <= state->limit;
  };
  while (!state->broken && !state->closing && !has_room())
    co_await state->changed.wait();
  if (state->broken || state->closing) throw input_closed();
  Ticket ticket{state->queued, state->queued + message.size()};
  state->queued = ticket.end;
  state->messages.push_back(std::move(message));
  if (!state->pumping) state->push();
  if (state->broken && state->written <= ticket.begin) throw input_closed();
  if (!state->broken && !state->messages.empty() && !std::exchange(state->pumping, true)) {
    asio::co_spawn(state->pipe.get_executor(), pump(state), asio::detached);
  }
  co_return ticket;
}

bool PipeWriter::begun(Ticket ticket) const {
  return state_->written > ticket.begin;
}
bool PipeWriter::sent(Ticket ticket) const {
  return state_->written >= ticket.end;
}
bool PipeWriter::broken() const {
  return state_->broken;
}

Task<> PipeWriter::flush() {
  const auto state = state_;
  const std::uint64_t until = state->queued;
  while (!state->broken && state->written < until)
    co_await state->changed.wait();
  if (state->written < until) throw input_closed();
}

Task<> PipeWriter::close() {
  const auto state = state_;
  state->closing = true;
  co_await flush();
  boost::system::error_code ignored;
  state->pipe.close(ignored);
}

}  // namespace opsroom::process

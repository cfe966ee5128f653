#include "process/pipe_writer.hpp"

#include "base/failure.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>

#include <deque>

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

  asio::posix::stream_descriptor& pipe;
  std::size_t limit;
  Signal changed;
  std::deque<std::string> messages;
  std::uint64_t queued = 0;
  std::uint64_t written = 0;
  bool pumping = false;
  bool broken = false;
  bool closing = false;
};

PipeWriter::PipeWriter(asio::posix::stream_descriptor& pipe, std::size_t limit)
    : state_(std::make_shared<State>(pipe, limit)) {}

PipeWriter::~PipeWriter() {
  state_->broken = true;
  boost::system::error_code ignored;
  if (state_->pumping) state_->pipe.cancel(ignored);
  state_->changed.notify();
}

/// Runs while there is something to write. After an error it must not touch the pipe any more.
Task<> PipeWriter::pump(std::shared_ptr<State> state) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!state->broken && !state->messages.empty()) {
    const std::string& message = state->messages.front();
    std::size_t done = 0;
    while (!error && !state->broken && done < message.size()) {
      const auto rest = asio::buffer(message.data() + done, message.size() - done);
      const std::size_t n = co_await state->pipe.async_write_some(rest, token);
      done += n;
      state->written += n;
      state->changed.notify();
    }
    if (error) state->broken = true;
    state->messages.pop_front();
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
  if (!std::exchange(state->pumping, true)) {
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

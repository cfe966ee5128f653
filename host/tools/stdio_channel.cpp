#include "tools/stdio_channel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <sys/ioctl.h>

namespace opsroom::tools {
namespace {

constexpr std::size_t chunk_size = 64u << 10;

}  // namespace

/// Shared with the coroutine that empties it, which ends by itself when the channel goes.
struct StdioChannel::Writer {
  explicit Writer(asio::posix::stream_descriptor& descriptor)
      : in(&descriptor), executor(descriptor.get_executor()), idle(executor) {}

  void lose_all() {
    lost = true;
    for (const auto& message : queue)
      message->lost = true;
    queue.clear();
    idle.notify();
  }

  asio::posix::stream_descriptor* in;  ///< null once the channel is gone
  asio::any_io_executor executor;
  std::deque<std::shared_ptr<Outgoing>> queue;
  Signal idle;
  bool writing = false;
  bool lost = false;
};

StdioChannel::StdioChannel(Pipes pipes, std::size_t limit)
    : out_(pipes.out),
      writer_(std::make_shared<Writer>(pipes.in)),
      splitter_(limit),
      chunk_(chunk_size, '\0') {
  boost::system::error_code ignored;  // A closed descriptor shows itself at the first write.
  pipes.in.non_blocking(true, ignored);
}

StdioChannel::~StdioChannel() {
  writer_->in = nullptr;
  writer_->lose_all();
}

std::shared_ptr<Outgoing> StdioChannel::post(std::string message) {
  auto outgoing = std::make_shared<Outgoing>();
  outgoing->bytes = std::move(message);
  outgoing->bytes += '\n';
  if (writer_->lost) {
    outgoing->lost = true;
    return outgoing;
  }
  writer_->queue.push_back(outgoing);
  if (!writer_->writing) {
    writer_->writing = true;
    asio::co_spawn(writer_->executor, write_all(writer_), asio::detached);
  }
  return outgoing;
}

bool StdioChannel::withdraw(const std::shared_ptr<Outgoing>& message) {
  auto& queue = writer_->queue;
  const auto found = std::find(queue.begin(), queue.end(), message);
  if (found == queue.end() || !message->untouched()) return false;
  queue.erase(found);
  message->lost = true;
  return true;
}

std::size_t StdioChannel::queued() const {
  return writer_->queue.size();
}

Task<> StdioChannel::write_all(std::shared_ptr<Writer> writer) {
  while (!writer->queue.empty() && writer->in != nullptr) {
    const std::shared_ptr<Outgoing> message = writer->queue.front();
    // Wait for room first and write without waiting: so a message that never got room was never
    // handed over, and can be taken back.
    boost::system::error_code error;
    auto rest = asio::buffer(message->bytes) + message->written;
    const std::size_t count = writer->in->write_some(asio::const_buffer(rest), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      error.clear();
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await writer->in->async_wait(asio::posix::descriptor_base::wait_write, token);
      if (error) break;
      continue;
    }
    if (error) break;
    message->written += count;
    if (message->written < message->bytes.size()) continue;
    message->done = true;
    message->bytes = std::string();
    writer->queue.pop_front();
  }
  if (!writer->queue.empty()) writer->lose_all();
  writer->writing = false;
  writer->idle.notify();
}

Task<std::optional<Incoming>> StdioChannel::next() {
  while (true) {
    if (auto message = splitter_.next()) co_return message;
    if (ended_) co_return std::nullopt;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const std::size_t count = co_await out_.async_read_some(asio::buffer(chunk_), token);
    splitter_.feed(std::string_view(chunk_).substr(0, count));
    if (error) {
      ended_ = true;
      splitter_.finish();
    }
  }
}

bool StdioChannel::pending_input() {
  if (ended_ || !out_.is_open()) return false;
  int bytes = 0;
  return ::ioctl(out_.native_handle(), FIONREAD, &bytes) == 0 && bytes > 0;
}

Task<> StdioChannel::flush(Clock::duration deadline) {
  const auto until = Clock::now() + deadline;
  while (!writer_->queue.empty() && Clock::now() < until) {
    co_await writer_->idle.wait_for(until - Clock::now());
  }
}

}  // namespace opsroom::tools

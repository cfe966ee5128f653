#include "tools/stdio_channel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/uio.h>

namespace opsroom::tools {
namespace {

constexpr std::size_t chunk_size = 64u << 10;
constexpr std::size_t most_at_once = 64;
constexpr int pipe_size = 256 << 10;

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

  /// Writes what the pipe takes now, many messages at once. A message that never got room was never
  /// handed over, and can be taken back.
  void push() {
    while (!queue.empty()) {
      const ssize_t count = write_front();
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) {
        lose_all();
        if (on_broken) asio::post(executor, on_broken);
        return;
      }
      took(static_cast<std::size_t>(count));
    }
    idle.notify();
  }

  ssize_t write_front() {
    std::array<iovec, most_at_once> parts;
    const std::size_t count = std::min(queue.size(), parts.size());
    for (std::size_t i = 0; i < count; ++i) {
      Outgoing& message = *queue[i];
      parts[i].iov_base = message.bytes.data() + message.written;
      parts[i].iov_len = message.bytes.size() - message.written;
    }
    return ::writev(in->native_handle(), parts.data(), static_cast<int>(count));
  }

  void took(std::size_t count) {
    while (count > 0) {
      Outgoing& message = *queue.front();
      const std::size_t part = std::min(count, message.bytes.size() - message.written);
      message.written += part;
      count -= part;
      if (message.written < message.bytes.size()) return;
      message.done = true;
      message.bytes = std::string();
      queue.pop_front();
    }
  }

  asio::posix::stream_descriptor* in;  ///< null once the channel is gone
  asio::any_io_executor executor;
  std::deque<std::shared_ptr<Outgoing>> queue;
  Signal idle;
  std::function<void()> on_broken;
  bool waiting = false;  ///< for room in the pipe
  bool held = false;
  bool lost = false;
};

StdioChannel::StdioChannel(Pipes pipes, std::size_t limit)
    : inlet_(std::move(pipes.out)),
      writer_(std::make_shared<Writer>(pipes.in)),
      vigil_(std::make_shared<Vigil>(pipes.in.get_executor())),
      splitter_(limit),
      chunk_(std::make_unique_for_overwrite<char[]>(chunk_size)) {
  // A closed descriptor shows itself at the first write or read.
  boost::system::error_code ignored;
  pipes.in.non_blocking(true, ignored);
  inlet_.widen(pipe_size);
}

StdioChannel::~StdioChannel() {
  writer_->in = nullptr;
  writer_->on_broken = nullptr;
  writer_->lose_all();
  vigil_->end();
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
  // The last of the reader's messages brings the last request: nothing more is coming to wait for.
  // And half of them are enough for the peer to work on while the other half is made.
  const bool enough = awaited_ > 0 && 2 * writer_->queue.size() >= awaited_;
  if (!writer_->held || splitter_.empty() || enough) send();
  return outgoing;
}

void StdioChannel::on_broken(std::function<void()> tell) {
  writer_->on_broken = std::move(tell);
}

void StdioChannel::hold() {
  writer_->held = true;
}

void StdioChannel::release() {
  writer_->held = false;
  if (!writer_->queue.empty()) send();
}

void StdioChannel::send() {
  if (writer_->waiting) return;
  writer_->push();
  if (writer_->queue.empty()) {
    // With several in flight the peer is better left the processor: an answer is soon there anyway.
    if (awaited_ == 1) vigil_->sent();
    return;
  }
  writer_->waiting = true;
  asio::co_spawn(writer_->executor, write_rest(writer_), asio::detached);
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

Task<> StdioChannel::write_rest(std::shared_ptr<Writer> writer) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!writer->queue.empty() && writer->in != nullptr) {
    co_await writer->in->async_wait(asio::posix::descriptor_base::wait_write, token);
    if (error) {
      writer->lose_all();
    } else if (writer->in != nullptr) {
      writer->push();
    }
  }
  writer->waiting = false;
}

Task<std::optional<Incoming>> StdioChannel::next() {
  while (true) {
    if (auto message = splitter_.next()) co_return message;
    if (ended_) co_return std::nullopt;
    if (vigil_->watching()) {
      // Awake anyway: a look into the pipe costs less than being told that something is in it.
      if (!read_at_once()) co_await asio::post(writer_->executor, asio::use_awaitable);
      continue;
    }
    const auto pause = gathering_.pause(std::exchange(taken_, 0), awaited_);
    if (pause > Clock::duration::zero()) {
      co_await inlet_.turn_away(pause);
      if (read_at_once()) continue;
    }
    take(co_await inlet_.read(asio::buffer(chunk_.get(), chunk_size)));
  }
}

bool StdioChannel::read_at_once() {
  const auto count = inlet_.read_now(asio::buffer(chunk_.get(), chunk_size));
  if (count) take(*count);
  return count.has_value();
}

void StdioChannel::take(std::size_t count) {
  vigil_->heard();
  splitter_.feed(std::string_view(chunk_.get(), count));
  if (count == 0) {
    ended_ = true;
    splitter_.finish();
  }
  taken_ = splitter_.size();
}

Task<> StdioChannel::flush(Clock::duration deadline) {
  const auto until = Clock::now() + deadline;
  while (!writer_->queue.empty() && Clock::now() < until) {
    co_await writer_->idle.wait_for(until - Clock::now());
  }
}

}  // namespace opsroom::tools

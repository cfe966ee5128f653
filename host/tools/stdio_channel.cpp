#include "tools/stdio_channel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/uio.h>
#include <utility>
#include <vector>

namespace opsroom::tools {
namespace {

constexpr std::size_t chunk_size = 64u << 10;
constexpr std::size_t most_at_once = 64;
constexpr std::size_t longest_blank = 4u << 10;
constexpr int pipe_size = 256 << 10;
constexpr int looks = 4;
constexpr int most_straight = 4;

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
      put_by(std::exchange(message.bytes, {}));
      queue.pop_front();
    }
  }

  /// Most requests are about as long as the last ones: their memory serves the next ones.
  void put_by(std::string bytes) {
    if (blanks.size() == most_at_once || bytes.capacity() > longest_blank) return;
    bytes.clear();
    blanks.push_back(std::move(bytes));
  }

  asio::posix::stream_descriptor* in;  ///< null once the channel is gone
  asio::any_io_executor executor;
  std::deque<std::shared_ptr<Outgoing>> queue;
  std::vector<std::string> blanks;
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

void StdioChannel::post(std::shared_ptr<Outgoing> message) {
  message->bytes += '\n';
  if (writer_->lost) {
    message->lost = true;
    return;
  }
  writer_->queue.push_back(std::move(message));
  // The last of the reader's messages brings the last request: nothing more is coming to wait for.
  // And half of them are enough for the peer to work on while the other half is made; a few that
  // are left are not worth waking it once more.
  const bool enough = awaited_ > 0 && 2 * writer_->queue.size() >= awaited_;
  const bool few_left = 3 * splitter_.size() < awaited_;
  if (!writer_->held || splitter_.empty()) {
    send();
    halving_.all_left();
  } else if (enough && !few_left && halving_.apart()) {
    halving_.before();
    send();
    halving_.after();
  }
}

std::string StdioChannel::blank() {
  if (writer_->blanks.empty()) return std::string();
  std::string bytes = std::move(writer_->blanks.back());
  writer_->blanks.pop_back();
  return bytes;
}

void StdioChannel::on_broken(std::function<void()> tell) {
  writer_->on_broken = std::move(tell);
}

void StdioChannel::hold() {
  writer_->held = true;
}

void StdioChannel::release() {
  writer_->held = false;
  if (writer_->queue.empty()) return;
  send();
  halving_.all_left();
}

void StdioChannel::send() {
  if (writer_->waiting) return;
  writer_->push();
  if (writer_->queue.empty()) {
    // A peer that answers several one by one is better left the processor: an answer is soon there
    // anyway. One that answers in bursts leaves nothing to do until the next one.
    if (awaited_ == 1 || answers_in_bursts()) vigil_->sent();
    return;
  }
  writer_->waiting = true;
  asio::co_spawn(writer_->executor, write_rest(writer_), asio::detached);
}

bool StdioChannel::answers_in_bursts() const {
  return taken_ > 1 && 4 * taken_ >= awaited_ && !gathering_.pauses(awaited_);
}

bool StdioChannel::withdraw(const Outgoing& message) {
  auto& queue = writer_->queue;
  const auto is_it = [&message](const auto& queued) { return queued.get() == &message; };
  const auto found = std::find_if(queue.begin(), queue.end(), is_it);
  if (found == queue.end() || !message.untouched()) return false;
  (*found)->lost = true;
  queue.erase(found);
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
    const auto pause = gathering_.pause(std::exchange(taken_, 0), awaited_);
    if (vigil_->watching()) {
      // Awake anyway: a look into the pipe costs less than being told that something is in it; but
      // others want the thread too.
      if (straight_ < most_straight && watch()) {
        ++straight_;
        continue;
      }
      straight_ = 0;
      co_await asio::post(writer_->executor, asio::use_awaitable);
      continue;
    }
    if (pause > Clock::duration::zero()) {
      co_await inlet_.turn_away(pause);
      if (read_at_once()) continue;
    }
    // With several in flight the next answers are mostly there, and asking for them costs less than
    // being told, too.
    if (awaited_ > 1 && straight_ < most_straight && read_at_once()) {
      ++straight_;
      continue;
    }
    straight_ = 0;
    take(co_await inlet_.read(asio::buffer(chunk_.get(), chunk_size)));
  }
}

/// Looks a few times, since going round by the queue of the io thread takes as long.
bool StdioChannel::watch() {
  for (int i = 0; i < looks; ++i) {
    if (read_at_once()) return true;
  }
  return false;
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

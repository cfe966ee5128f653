#include "wire.hpp"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace opsroom::sdk {

void LineCutter::feed(std::string_view bytes) {
  if (start_ > 0) {
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<std::string> LineCutter::next() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string line = buffer_.substr(start_, end - start_);
  start_ = scanned_ = end + 1;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

void Outbox::send(std::string line) {
  Lock lock(mutex_);
  add(lock, std::move(line));
  write_out(lock);
}

bool Outbox::put_aside(std::string& line) {
  Lock lock(mutex_);
  if (closed_ || writing_ || waiting_.size() + line.size() > most_aside) return false;
  add(lock, std::move(line));
  return true;
}

void Outbox::flush() {
  Lock lock(mutex_);
  write_out(lock);
}

void Outbox::flush_old() {
  Lock lock(mutex_);
  if (!waiting_.empty() && Clock::now() - aside_since_ > moment) write_out(lock);
}

void Outbox::add(Lock& lock, std::string line) {
  written_.wait(lock, [this] { return closed_ || !writing_ || waiting_.size() < most_waiting; });
  if (closed_) return;
  line += '\n';
  if (!waiting_.empty()) {
    waiting_ += line;
    return;
  }
  waiting_ = std::move(line);
  aside_since_ = Clock::now();
}

void Outbox::write_out(Lock& lock) {
  if (writing_ || closed_ || waiting_.empty()) return;
  writing_ = true;
  while (!waiting_.empty() && !closed_) {
    const std::string now = std::exchange(waiting_, {});
    lock.unlock();
    const bool written = write_all(now);
    lock.lock();
    closed_ = !written;
    written_.notify_all();
  }
  writing_ = false;
  const bool over = closed_;
  lock.unlock();
  if (over) on_closed_();
}

bool Outbox::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return false;
  }
  return true;
}

}  // namespace opsroom::sdk

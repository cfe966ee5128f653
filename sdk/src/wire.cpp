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
  line += '\n';
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return closed_ || !writing_ || waiting_.size() < most_waiting; });
  if (closed_) return;
  if (writing_) {
    waiting_ += line;
    return;
  }
  writing_ = true;
  while (!line.empty() && !closed_) {
    lock.unlock();
    const bool written = write_all(line);
    lock.lock();
    closed_ = !written;
    line = std::exchange(waiting_, {});
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

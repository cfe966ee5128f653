#include "line_batcher.hpp"

#include <opsroom/text.hpp>

namespace opsroom::exec {

void LineBatcher::feed(std::string_view bytes, Clock::time_point now) {
  keep(bytes);
  if (lines_end_ == 0) since_ = now;
  const std::size_t newline = bytes.rfind('\n');
  if (newline != std::string_view::npos) lines_end_ = waiting_.size() + newline + 1;
  waiting_ += bytes;
  if (lines_end_ >= longest_message) send_whole_lines();
  // A line without end must not fill the memory: it goes out in pieces.
  while (waiting_.size() >= longest_message && lines_end_ == 0)
    send(whole_characters(std::string_view(waiting_).substr(0, longest_message)));
}

void LineBatcher::tick(Clock::time_point now) {
  if (lines_end_ > 0 && now - since_ >= longest_wait) send_whole_lines();
}

void LineBatcher::finish() {
  send_whole_lines();
  if (!waiting_.empty()) send(waiting_.size());
}

void LineBatcher::send_whole_lines() {
  if (lines_end_ > 0) send(lines_end_);
  lines_end_ = 0;
}

void LineBatcher::send(std::size_t size) {
  auto lines = std::string_view(waiting_).substr(0, size);
  if (!lines.empty() && lines.back() == '\n') lines.remove_suffix(1);
  emit_(printable_utf8(lines));
  waiting_.erase(0, size);
}

void LineBatcher::keep(std::string_view bytes) {
  tail_ += bytes;
  // Trimmed now and then, not at every chunk.
  if (tail_.size() <= 4 * tail_bytes) return;
  tail_.erase(0, tail_.size() - tail_bytes);
  tail_cut_ = true;
}

std::string LineBatcher::tail() const {
  std::string_view end = tail_;
  bool cut = tail_cut_;
  if (end.size() > tail_bytes) {
    end.remove_prefix(end.size() - tail_bytes);
    cut = true;
  }
  // Starts with a whole line where there is one.
  if (cut) {
    if (const auto newline = end.find('\n');
        newline != std::string_view::npos && newline + 1 < end.size())
      end.remove_prefix(newline + 1);
  }
  return printable_utf8(end);
}

}  // namespace opsroom::exec

#include "tools/stderr_log.hpp"

#include "base/text.hpp"

#include <boost/asio/buffer.hpp>

#include <sys/ioctl.h>

namespace opsroom::tools {
namespace {

// A "line" longer than this goes on in pieces: a server that never ends its line must not fill
// memory.
constexpr std::size_t longest_line = 8192;

std::shared_ptr<const Redactor> or_none(std::shared_ptr<const Redactor> redactor) {
  return redactor ? std::move(redactor) : std::make_shared<const Redactor>();
}

}  // namespace

StderrLog::StderrLog(
    asio::posix::stream_descriptor& descriptor, std::shared_ptr<const Redactor> redactor
)
    : descriptor_(descriptor), redactor_(or_none(std::move(redactor))), redacting_(*redactor_) {}

Task<> StderrLog::run() {
  std::string chunk(16u << 10, '\0');
  boost::system::error_code error;
  while (!error) {
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const std::size_t count = co_await descriptor_.async_read_some(asio::buffer(chunk), token);
    busy_ = true;
    co_await take(std::string_view(chunk).substr(0, count));
    busy_ = false;
  }
  busy_ = true;
  const std::string rest = redacting_.finish();
  co_await take_safe(rest);
  co_await hand_on(std::exchange(unfinished_, {}));
  busy_ = false;
  ended_ = true;
}

bool StderrLog::settled() {
  if (ended_ || !descriptor_.is_open()) return true;
  int bytes = 0;
  const bool empty = ::ioctl(descriptor_.native_handle(), FIONREAD, &bytes) != 0 || bytes == 0;
  return empty && !busy_;
}

std::vector<std::string> StderrLog::last_lines(std::size_t count) const {
  const std::string held = redactor_->text(redacting_.held());
  std::vector<std::string> lines = split_lines(printable_utf8(tail_ + held));
  std::erase_if(lines, [](const std::string& line) { return line.empty(); });
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return lines;
}

Task<> StderrLog::take(std::string_view bytes) {
  if (redactor_->empty()) {
    co_await take_safe(bytes);
  } else {
    const std::string safe = redacting_.feed(bytes);
    co_await take_safe(safe);
  }
}

Task<> StderrLog::take_safe(std::string_view bytes) {
  tail_ += bytes;
  if (tail_.size() > 2 * kept) tail_.erase(0, tail_.size() - kept);
  unfinished_ += bytes;
  const std::size_t end = unfinished_.rfind('\n');
  if (end != std::string::npos) {
    std::string whole = unfinished_.substr(0, end);
    unfinished_.erase(0, end + 1);
    co_await hand_on(std::move(whole));
  } else if (unfinished_.size() > longest_line) {
    co_await hand_on(std::exchange(unfinished_, {}));
  }
}

Task<> StderrLog::hand_on(std::string text) {
  const std::shared_ptr<CallSink> sink = sink_;
  if (sink && !text.empty()) co_await sink->log("stderr", std::move(text));
}

}  // namespace opsroom::tools

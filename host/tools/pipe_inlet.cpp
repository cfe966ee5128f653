#include "tools/pipe_inlet.hpp"

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace opsroom::tools {

PipeInlet::PipeInlet(asio::posix::stream_descriptor descriptor)
    : descriptor_(std::move(descriptor)) {
  // A closed descriptor shows itself at the first read.
  boost::system::error_code ignored;
  descriptor_.native_non_blocking(true, ignored);
}

PipeInlet::~PipeInlet() {
  close();
}

void PipeInlet::widen(int bytes) {
  static_cast<void>(::fcntl(descriptor_.native_handle(), F_SETPIPE_SZ, bytes));
}

std::optional<std::size_t> PipeInlet::read_now(asio::mutable_buffer room) {
  if (closed_) return 0;
  const int pipe = turned_away_ >= 0 ? turned_away_ : descriptor_.native_handle();
  const ssize_t count = ::read(pipe, room.data(), room.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

Task<std::size_t> PipeInlet::read(asio::mutable_buffer room) {
  boost::system::error_code error;
  if (turned_away_ >= 0) {
    descriptor_.assign(turned_away_, error);
    if (error) {
      spdlog::error("a server's output cannot be waited for any more: {}", error.message());
      co_return 0;
    }
    turned_away_ = -1;
  }
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const std::size_t count = co_await descriptor_.async_read_some(room, token);
  co_return error ? 0 : count;
}

Task<> PipeInlet::turn_away(Clock::duration pause) {
  if (closed_) co_return;
  if (turned_away_ < 0) turned_away_ = descriptor_.release();
  co_await pause_for(pause);
}

bool PipeInlet::pending() {
  if (closed_) return false;
  const int pipe = turned_away_ >= 0 ? turned_away_ : descriptor_.native_handle();
  int bytes = 0;
  return ::ioctl(pipe, FIONREAD, &bytes) == 0 && bytes > 0;
}

void PipeInlet::close() {
  closed_ = true;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  if (turned_away_ >= 0) ::close(std::exchange(turned_away_, -1));
}

}  // namespace opsroom::tools

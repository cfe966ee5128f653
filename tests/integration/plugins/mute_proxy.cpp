#include "mute_proxy.hpp"

#include <array>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace opsroom::test {
namespace {

int connected(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("nobody listens at " + path);
  return fd;
}

}  // namespace

MuteProxy::MuteProxy(std::string unix_socket)
    : unix_socket_(std::move(unix_socket)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &size) != 0)
    throw std::runtime_error("no free port");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

MuteProxy::~MuteProxy() {
  over_ = true;
  thread_.join();
  for (const Pair& pair : pairs_) {
    ::close(pair.client);
    if (pair.server >= 0) ::close(pair.server);
  }
  ::close(listener_);
}

void MuteProxy::take() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client >= 0) pairs_.push_back({client, silent_ ? -1 : connected(unix_socket_)});
}

/// False when `from` is closed.
bool MuteProxy::pass(int from, int to) const {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got <= 0) return false;
  if (silent_ || to < 0) return true;
  return ::send(to, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

void MuteProxy::serve() {
  constexpr int moment_ms = 10;
  while (!over_) {
    std::vector<pollfd> fds{{listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      fds.push_back({pair.client, POLLIN, 0});
      fds.push_back({silent_ ? -1 : pair.server, POLLIN, 0});
    }
    if (::poll(fds.data(), fds.size(), moment_ms) <= 0) continue;
    std::vector<Pair> staying;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair pair = pairs_[i];
      const bool client_left = fds[1 + 2 * i].revents != 0 && !pass(pair.client, pair.server);
      const bool server_left = fds[2 + 2 * i].revents != 0 && !pass(pair.server, pair.client);
      if (!client_left && !server_left) {
        staying.push_back(pair);
        continue;
      }
      ::close(pair.client);
      if (pair.server >= 0) ::close(pair.server);
      if (client_left) ++left_;
    }
    pairs_ = std::move(staying);
    if (fds[0].revents != 0) take();
  }
}

}  // namespace opsroom::test

#include "web_server.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>

namespace opsroom::test {
namespace {

constexpr std::chrono::seconds patience{60};

std::pair<int, int> bound_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0)
    throw std::runtime_error("no free port");
  return {fd, ntohs(address.sin_port)};
}

/// Reads until `done` says so; false when the client goes away first.
template <class Done>
bool read_until(int fd, std::string& text, Done done) {
  std::array<char, 65536> chunk{};
  while (!done()) {
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return true;
}

Seen parse_head(const std::string& head) {
  Seen made;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> made.method >> made.target;
  while (std::getline(lines, line) && line != "\r") {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    const std::size_t end = line.find_last_not_of("\r ");
    made.headers[name] = begin > end ? "" : line.substr(begin, end - begin + 1);
  }
  return made;
}

std::string written(const Reply& reply, const std::string& method) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Said\r\nConnection: close\r\n";
  for (const auto& [name, value] : reply.headers)
    text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  return method == "HEAD" ? text : text + reply.body;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

WebServer::WebServer(Handler handler) : handler_(std::move(handler)) {
  std::tie(listener_, port_) = bound_socket();
  if (::listen(listener_, 64) != 0) throw std::runtime_error("listen");
  acceptor_ = std::thread([this] { accept_all(); });
}

WebServer::~WebServer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const int fd : open_)
      ::shutdown(fd, SHUT_RDWR);
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_)
    thread.join();
  ::close(listener_);
}

void WebServer::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (ended_ || fd < 0) {
      if (fd >= 0) ::close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      serve(fd);
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      ::close(fd);
    });
  }
}

void WebServer::serve(int fd) {
  std::string text;
  std::size_t end = 0;
  if (!read_until(fd, text, [&] {
        end = text.find("\r\n\r\n");
        return end != std::string::npos;
      }))
    return;
  Seen request = parse_head(text.substr(0, end + 2));
  const auto length = request.headers.find("content-length");
  const std::size_t wanted =
      length == request.headers.end() ? 0 : static_cast<std::size_t>(std::stoul(length->second));
  if (!read_until(fd, text, [&] { return text.size() >= end + 4 + wanted; })) return;
  request.body = text.substr(end + 4, wanted);
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(request);
  }
  changed_.notify_all();
  const Reply reply = handler_(request);
  if (reply.hang) {
    char ignored = 0;
    while (::recv(fd, &ignored, 1, 0) > 0) {
    }
    const std::lock_guard lock(mutex_);
    if (!ended_) ++left_;
    changed_.notify_all();
    return;
  }
  send_all(fd, written(reply, request.method));
}

std::vector<Seen> WebServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool WebServer::saw(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return seen_.size() >= count; });
}

bool WebServer::left(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return left_ >= count; });
}

ClosedPort::ClosedPort() {
  std::tie(fd_, port_) = bound_socket();
}

ClosedPort::~ClosedPort() {
  ::close(fd_);
}

void ClosedPort::open() {
  if (::listen(fd_, 64) != 0) throw std::runtime_error("listen");
}

}  // namespace opsroom::test

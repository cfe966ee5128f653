#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace opsroom::test {

/// A request as the server saw it; header names in lower case.
struct Seen {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;
  std::string body;
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool hang = false;  ///< say nothing until the client goes away or the server ends
};

/// A small HTTP server on a free port of 127.0.0.1: one thread a connection, one request a
/// connection. Its destructor ends all of them.
class WebServer {
 public:
  using Handler = std::function<Reply(const Seen&)>;
  explicit WebServer(Handler handler);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  int port() const noexcept { return port_; }
  std::string base() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<Seen> seen() const;
  /// Waits until `count` requests have come; false when that takes longer than the tests' patience.
  bool saw(std::size_t count) const;
  /// The same for clients that went away from a request that hangs.
  bool left(std::size_t count) const;

 private:
  void accept_all();
  void serve(int fd);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> seen_;
  std::size_t left_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  bool ended_ = false;
  std::thread acceptor_;
};

/// A port of 127.0.0.1 that nobody listens on, kept from others while it lives.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  int port() const noexcept { return port_; }
  /// From now on connections are accepted (and never answered).
  void open();

 private:
  int fd_ = -1;
  int port_ = 0;
};

}  // namespace opsroom::test

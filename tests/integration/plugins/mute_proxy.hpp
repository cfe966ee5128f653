#pragma once
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace opsroom::test {

/// A port of 127.0.0.1 behind which a server on a unix socket stands, until it falls silent: then
/// it takes connections and bytes as before, and nothing ever comes back, as from a network that
/// died.
class MuteProxy {
 public:
  explicit MuteProxy(std::string unix_socket);
  ~MuteProxy();
  MuteProxy(const MuteProxy&) = delete;
  MuteProxy& operator=(const MuteProxy&) = delete;

  int port() const noexcept { return port_; }
  void fall_silent() { silent_ = true; }
  /// Connections made while it was silent stay so.
  void speak_again() { silent_ = false; }
  /// Connections that their clients have closed.
  std::size_t left() const { return left_; }

 private:
  /// Two sockets; a server of -1 says nothing.
  struct Pair {
    int client;
    int server;
  };

  void serve();
  void take();
  bool pass(int from, int to) const;

  const std::string unix_socket_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> silent_{false};
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> left_{0};
  std::vector<Pair> pairs_;
  std::thread thread_;
};

}  // namespace opsroom::test

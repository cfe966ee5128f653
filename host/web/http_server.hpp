#pragma once

#include "base/async.hpp"
#include "web/http.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace opsroom::web {

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< an IP address
  std::uint16_t port = 7070;          ///< 0: any free one
  bool try_next_ports = false;        ///< when taken, try up to 20 ports above

  std::size_t header_limit = 16 * 1024;
  std::size_t field_limit = 64;
  std::size_t body_limit = 1024 * 1024;
  std::size_t connection_limit = 512;
  Clock::duration header_deadline = std::chrono::seconds(10);
  Clock::duration body_deadline = std::chrono::seconds(30);
  Clock::duration idle_deadline = std::chrono::seconds(60);
  /// How long a reader may take nothing before it is cut off.
  Clock::duration write_deadline = std::chrono::seconds(5);
  Clock::duration stop_deadline = std::chrono::seconds(2);

  Headers standard_headers;  ///< added to every response that doesn't set them itself
};

/// HTTP/1.1 on the one io_context: takes connections, reads heads and bodies within limits, hands
/// the requests to one Service and writes what it answers. Knows nothing of the control room. Io
/// thread only.
class HttpServer {
 public:
  /// Listens at once, so that `port` is known before anything runs. A taken port is
  /// Failure{conflict}, an address that isn't ours Failure{invalid}; both name address and port.
  HttpServer(asio::any_io_executor executor, ServerOptions options, Service service);
  /// Closes the listener and all connections; requests under way are given up.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();
  std::uint16_t bound_port() const;
  std::size_t connections() const;

  /// Stops listening, ends streams and idle connections, lets requests finish for at most
  /// `stop_deadline`, then closes what is left. A second call returns when the first is done.
  Task<> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace opsroom::web

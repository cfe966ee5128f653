#pragma once

#include "ports/credentials.hpp"
#include "ports/ledger.hpp"
#include "ports/run_queue.hpp"
#include "ports/wakeups.hpp"
#include "runbook/library.hpp"
#include "web/event_stream.hpp"
#include "web/http_server.hpp"
#include "web/router.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::web {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7070;
  bool try_next_ports = false;              ///< when the port is taken
  std::filesystem::path static_dir;         ///< the built page; may be empty or missing
  std::vector<std::string> allow_hosts;     ///< further names Host may carry: "name" or "name:port"
  std::function<Task<bool>()> database_ok;  ///< for /healthz: does the database answer?
  StreamTiming stream_timing;
  /// Limits and deadlines; address, port and headers in here are not used.
  ServerOptions limits;
};

/// The control room's face: the HTTP API, the event streams and the page, on one port. Io thread
/// only.
class Server {
 public:
  /// Listens at once (Failure as HttpServer) and serves from then on. Everything lent must outlive
  /// the server and the requests that `stop` had to give up; `wakeups` is not started yet, since
  /// the server sets its callback.
  Server(
      asio::any_io_executor executor,
      Options options,
      Ledger& ledger,
      RunQueue& queue,
      Credentials& credentials,
      Wakeups& wakeups,
      const runbook::Library& library
  );
  ~Server();

  /// The port it really listens on.
  std::uint16_t port() const;
  /// "http://127.0.0.1:7070"
  std::string url() const;
  std::size_t connections() const;
  /// The table of routes with who may use them.
  std::vector<Router::Entry> routes() const;

  /// Ends streams at once and requests within two seconds.
  Task<> stop();

 private:
  class Site;
  std::string address_;
  std::shared_ptr<Site> site_;
  std::unique_ptr<HttpServer> http_;
};

/// A one-time login code as the server hashes it: upper case, without dashes and blanks.
std::string normalised_login_code(std::string_view code);

}  // namespace opsroom::web

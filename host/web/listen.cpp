#include "web/listen.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <fcntl.h>

namespace opsroom::web {
namespace {

using boost::asio::ip::tcp;
constexpr int ports_to_try = 20;

boost::asio::ip::address parse_address(const std::string& text) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(text, error);
  if (error) {
    throw Failure(
        Code::invalid,
        fmt::format("'{}' is not an IP address to listen on", text),
        "Use 127.0.0.1 or ::1."
    );
  }
  if (!address.is_loopback()) {
    throw Failure(
        Code::invalid,
        fmt::format("'{}' is not a loopback address", text),
        "The page has no TLS and listens on this machine only: use 127.0.0.1 or ::1, and reach it "
        "through ssh -L or a reverse proxy with --allow-host."
    );
  }
  return address;
}

Failure cannot_listen(
    const boost::system::error_code& error, const tcp::endpoint& first, std::uint16_t last
) {
  const auto where =
      first.port() == last
          ? fmt::format("{} port {}", first.address().to_string(), last)
          : fmt::format("{} ports {} to {}", first.address().to_string(), first.port(), last);
  if (error == boost::asio::error::address_in_use) {
    return Failure(
        Code::conflict,
        fmt::format("{}: already in use by another program", where),
        fmt::format(
            "Choose another with --port, or see who it is: ss -ltnp 'sport = :{}'", first.port()
        )
    );
  }
  const bool ours = error != boost::asio::error::make_error_code(boost::asio::error::access_denied);
  return Failure(
      ours ? Code::invalid : Code::forbidden,
      fmt::format("{}: {}", where, error.message()),
      ours ? "Use 127.0.0.1 or ::1."
           : "Ports below 1024 need privileges: choose a higher one with --port."
  );
}

boost::system::error_code try_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  close_on_exec(acceptor.native_handle());
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

tcp::acceptor listen_on(
    const boost::asio::any_io_executor& executor,
    const std::string& address,
    std::uint16_t port,
    bool try_next
) {
  const tcp::endpoint first(parse_address(address), port);
  tcp::acceptor acceptor(executor);
  const int tries = try_next && port != 0 ? ports_to_try : 0;
  const auto last = static_cast<std::uint16_t>(std::min(port + tries, 65535));
  boost::system::error_code error;
  for (int candidate = port; candidate <= last; ++candidate) {
    const tcp::endpoint endpoint(first.address(), static_cast<std::uint16_t>(candidate));
    error = try_listen(acceptor, endpoint);
    if (!error) return acceptor;
    if (error != boost::asio::error::address_in_use) break;
  }
  throw cannot_listen(error, first, last);
}

void close_on_exec(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace opsroom::web

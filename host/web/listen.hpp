#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace opsroom::web {

/// A listening socket that children don't inherit. With `try_next` a taken port makes it try up to
/// 20 ports above; otherwise, and then, Failure{conflict} names address and port.
boost::asio::ip::tcp::acceptor listen_on(
    const boost::asio::any_io_executor& executor,
    const std::string& address,
    std::uint16_t port,
    bool try_next
);

/// Asio opens descriptors without it, and a tool that inherits one keeps our port and readers
/// bound.
void close_on_exec(int fd);

}  // namespace opsroom::web

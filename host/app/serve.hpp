#pragma once

#include "app/layout.hpp"
#include "app/settings.hpp"

namespace opsroom::app {

struct ServeOptions {
  bool try_next_ports = false;           ///< another port when the wanted one is taken
  std::vector<std::string> allow_hosts;  ///< names besides loopback's that a Host header may carry
};

/// `opsroom serve`: HTTP API, stream and page. Executes nothing, ever. Prints
/// "listening http://127.0.0.1:7070" on stdout when it is ready; returns after SIGTERM.
void serve(const Settings& settings, const Layout& layout, ServeOptions options);

}  // namespace opsroom::app

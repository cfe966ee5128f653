#pragma once
#include "common/web.hpp"

namespace opsroom::plugins {

/// The operator's limits of a plugin that speaks HTTP: its "config" in tools.json.
struct WebSettings {
  std::vector<std::string> allow_addresses;
  std::vector<std::string> allow_hosts;
  std::string ca_file;

  static constexpr auto fields() {
    return tool::fields(
        tool::option(
            "allow_addresses",
            &WebSettings::allow_addresses,
            "Networks that may be reached besides the public internet: \"10.0.0.0/8\", "
            "\"127.0.0.1:8080\""
        ),
        tool::option(
            "allow_hosts",
            &WebSettings::allow_hosts,
            "The only hosts that may be reached: \"api.example.org\", \"*.example.org\"; empty: all"
        ),
        tool::option(
            "ca_file", &WebSettings::ca_file, "Certificates to trust instead of the system's"
        )
    );
  }

  /// Throws std::runtime_error that names the entry that is wrong.
  WebPolicy policy() const {
    try {
      return {AddressPolicy(allow_addresses), allow_hosts, ca_file};
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(std::string("/config/allow_addresses: ") + error.what());
    }
  }
};

}  // namespace opsroom::plugins

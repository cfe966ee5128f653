#pragma once
#include <array>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace opsroom::plugins {

/// Whether an address belongs to the public internet: no private, loopback, link-local, shared,
/// multicast, documentation or metadata address, however it is wrapped (IPv4 within IPv6).
bool is_public(const sockaddr& address);

/// "10.0.0.1:80" or "[::1]:80".
std::string address_text(const sockaddr& address);

/// Which addresses a tool may connect to: public ones, and those the operator named. Never changes;
/// any thread.
class AddressPolicy {
 public:
  /// Each entry is an address or a network, optionally with a port: "10.0.0.0/8", "127.0.0.1:8080",
  /// "::1", "[fd00::/8]:443". Throws std::invalid_argument that names the entry.
  explicit AddressPolicy(const std::vector<std::string>& allowed = {});

  bool allows(const sockaddr& address) const;

 private:
  struct Network {
    std::array<unsigned char, 16> prefix{};  ///< IPv4 as ::ffff:a.b.c.d
    int bits = 128;
    int port = 0;  ///< 0: any
  };
  static Network parse(const std::string& entry);

  std::vector<Network> allowed_;
};

}  // namespace opsroom::plugins

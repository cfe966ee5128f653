#include "common/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace opsroom::plugins {
namespace {

using Bytes = std::array<unsigned char, 16>;

struct Range {
  std::array<unsigned char, 16> prefix;
  int bits;
};

constexpr Range v4(unsigned char a, unsigned char b, unsigned char c, unsigned char d, int bits) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}, 96 + bits};
}

// IANA's special-purpose registries, and the one public address that is a cloud's metadata service.
constexpr std::array not_public_v4{
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(168, 63, 129, 16, 32),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 3)
};
constexpr Range v4_mapped = v4(0, 0, 0, 0, 0);
constexpr Range global_unicast{{0x20}, 3};
// Of the global block: protocol assignments with Teredo, documentation, 6to4, more documentation.
constexpr std::array not_public_v6{
    Range{{0x20, 0x01, 0x00}, 23},
    Range{{0x20, 0x01, 0x0D, 0xB8}, 32},
    Range{{0x20, 0x02}, 16},
    Range{{0x3F, 0xFF, 0x00}, 20}
};

bool within(const Bytes& address, const Bytes& prefix, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(address.begin(), address.begin() + bits / 8, prefix.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF << (8 - bits % 8));
  return ((address[whole] ^ prefix[whole]) & mask) == 0;
}

Bytes mapped(const in_addr& address) {
  Bytes bytes = v4_mapped.prefix;
  std::memcpy(bytes.data() + 12, &address, 4);
  return bytes;
}

/// All zero, which is nobody's address, for a family that is neither IPv4 nor IPv6.
Bytes bytes_of(const sockaddr& address) {
  Bytes bytes{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return mapped(in.sin_addr);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  }
  return bytes;
}

int port_of(const sockaddr& address) {
  if (address.sa_family != AF_INET && address.sa_family != AF_INET6) return 0;
  // The port stands at the same place in both families.
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return ntohs(in.sin_port);
}

int number(const std::string& text, int most, const std::string& entry) {
  int value = -1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0 || value > most)
    throw std::invalid_argument(
        "'" + entry + "' is no network such as 10.0.0.0/8, 127.0.0.1:8080 or [fd00::/8]:443"
    );
  return value;
}

}  // namespace

bool is_public(const sockaddr& address) {
  const Bytes bytes = bytes_of(address);
  const auto in = [&bytes](const Range& range) { return within(bytes, range.prefix, range.bits); };
  if (in(v4_mapped)) return std::none_of(not_public_v4.begin(), not_public_v4.end(), in);
  return in(global_unicast) && std::none_of(not_public_v6.begin(), not_public_v6.end(), in);
}

std::string address_text(const sockaddr& address) {
  const Bytes bytes = bytes_of(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string port = ":" + std::to_string(port_of(address));
  if (within(bytes, v4_mapped.prefix, v4_mapped.bits)) {
    ::inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    return text.data() + port;
  }
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return std::string("[") + text.data() + "]" + port;
}

AddressPolicy::AddressPolicy(const std::vector<std::string>& allowed) {
  for (const auto& entry : allowed)
    allowed_.push_back(parse(entry));
}

AddressPolicy::Network AddressPolicy::parse(const std::string& entry) {
  Network made;
  std::string host = entry;
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    host = entry.substr(1, close == std::string::npos ? 0 : close - 1);
    const std::string rest = close == std::string::npos ? "" : entry.substr(close + 1);
    if (!rest.empty()) made.port = number(rest.front() == ':' ? rest.substr(1) : "", 65535, entry);
  } else if (std::count(entry.begin(), entry.end(), ':') == 1) {
    host = entry.substr(0, entry.find(':'));
    made.port = number(entry.substr(entry.find(':') + 1), 65535, entry);
  }
  const std::size_t slash = host.find('/');
  const std::string address = host.substr(0, slash);
  in_addr four{};
  const bool is_four = ::inet_pton(AF_INET, address.c_str(), &four) == 1;
  if (is_four)
    made.prefix = mapped(four);
  else if (::inet_pton(AF_INET6, address.c_str(), made.prefix.data()) != 1)
    number("", 0, entry);
  if (slash != std::string::npos)
    made.bits = number(host.substr(slash + 1), is_four ? 32 : 128, entry) + (is_four ? 96 : 0);
  return made;
}

bool AddressPolicy::allows(const sockaddr& address) const {
  if (is_public(address)) return true;
  const Bytes bytes = bytes_of(address);
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const Network& network) {
    return (network.port == 0 || network.port == port_of(address)) &&
           within(bytes, network.prefix, network.bits);
  });
}

}  // namespace opsroom::plugins

#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace opsroom::sdk {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4). Written out here so that a plugin server links nothing but libc.
Digest sha256(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104).
Digest hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(const Digest& digest);

}  // namespace opsroom::sdk

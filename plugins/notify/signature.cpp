#include "signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <opsroom/text.hpp>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace opsroom::plugins::notify {
namespace {

using Digest = std::array<unsigned char, 32>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string key_of(const std::string& secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix)) return secret;
  const std::string_view text = std::string_view(secret).substr(prefix.size());
  std::vector<unsigned char> key(text.size() / 4 * 3 + 3);
  const int size = EVP_DecodeBlock(key.data(), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0 || text.size() % 4 != 0)
    throw std::runtime_error("the signing secret begins with whsec_ but is no base64 behind it");
  // OpenSSL counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  return {reinterpret_cast<const char*>(key.data()), static_cast<std::size_t>(size) - padding};
}

}  // namespace

std::string webhook_signature(
    const std::string& secret,
    const std::string& id,
    const std::string& timestamp,
    const std::string& body
) {
  const std::string key = key_of(secret);
  const std::string text = id + "." + timestamp + "." + body;
  Digest digest{};
  unsigned size = 0;
  if (HMAC(
          EVP_sha256(),
          key.data(),
          static_cast<int>(key.size()),
          bytes_of(text),
          text.size(),
          digest.data(),
          &size
      ) == nullptr)
    throw std::runtime_error("OpenSSL has no HMAC with SHA-256");
  return "v1," + base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace opsroom::plugins::notify

// The plain functions of SHA-256 are deprecated in favour of EVP, and quicker.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/digest.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

namespace opsroom {
namespace {

/// Fetched once for all files.
const EVP_MD* sha256() {
  static const EVP_MD* const fetched = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

using Sum = std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)>;

Sum new_sum() {
  return Sum(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
}

constexpr auto hex_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {digits[byte >> 4], digits[byte & 15]};
  return pairs;
}();

std::string hex(const unsigned char* data, std::size_t size) {
  std::string out(size * 2, '0');
  for (std::size_t i = 0; i < size; ++i)
    std::memcpy(out.data() + 2 * i, hex_pairs[data[i]].data(), 2);
  return out;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  // Of short texts, many a second: what OpenSSL puts around the sum takes as long as the sum.
  SHA256_CTX sum;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const bool good = ::SHA256_Init(&sum) == 1 &&
                    ::SHA256_Update(&sum, bytes.data(), bytes.size()) == 1 &&
                    ::SHA256_Final(digest.data(), &sum) == 1;
  if (!good) throw Failure(Code::internal, "SHA-256 is not available from OpenSSL");
  return hex(digest.data(), digest.size());
}

std::string sha256_of_file(const std::filesystem::path& path) {
  // Not blocking on the open of a pipe that nobody writes; for a file it means nothing.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) throw system_failure(errno, "open " + path.string());
  return sha256_of_file(file.get(), path);
}

std::string sha256_of_file(int descriptor, const std::filesystem::path& path) {
  const Sum sum = new_sum();
  bool good = sum && ::EVP_DigestInit_ex(sum.get(), sha256(), nullptr) == 1;
  std::vector<char> piece(256u << 10);
  while (good) {
    const ssize_t got = ::read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_failure(errno, "read " + path.string());
    if (got == 0) break;
    good = ::EVP_DigestUpdate(sum.get(), piece.data(), static_cast<std::size_t>(got)) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (!good || ::EVP_DigestFinal_ex(sum.get(), digest.data(), &size) != 1) {
    throw Failure(Code::internal, "SHA-256 is not available from OpenSSL");
  }
  return hex(digest.data(), size);
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got = ::getrandom(raw.data() + filled, bytes - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_failure(errno, "getrandom");
    filled += static_cast<std::size_t>(got);
  }
  return hex(reinterpret_cast<const unsigned char*>(raw.data()), raw.size());
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace opsroom

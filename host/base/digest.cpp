#include "base/digest.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

namespace opsroom {
namespace {

/// Fetched once: looking an algorithm up costs more than a short digest.
const EVP_MD* sha256() {
  static const EVP_MD* const fetched = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

using Sum = std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)>;

Sum new_sum() {
  return Sum(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free);
}

std::string hex(const unsigned char* data, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out(size * 2, '0');
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = digits[data[i] >> 4];
    out[2 * i + 1] = digits[data[i] & 15];
  }
  return out;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  // Kept, since making one costs more than a short digest.
  thread_local const Sum sum = new_sum();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const bool good = sum && ::EVP_DigestInit_ex(sum.get(), sha256(), nullptr) == 1 &&
                    ::EVP_DigestUpdate(sum.get(), bytes.data(), bytes.size()) == 1 &&
                    ::EVP_DigestFinal_ex(sum.get(), digest.data(), &size) == 1;
  if (!good) throw Failure(Code::internal, "SHA-256 is not available from OpenSSL");
  return hex(digest.data(), size);
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

#include "state_seal.hpp"

#include "sha256.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <sys/random.h>
#include <system_error>

namespace opsroom::sdk {
namespace {

constexpr std::size_t mac_digits = 64;
constexpr std::size_t key_bytes = 32;

std::string random_key() {
  std::string key(key_bytes, '\0');
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return key;
}

std::string seconds(StateSeal::Clock::time_point at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count()
  );
}

/// Takes as long for a near miss as for a wild one.
bool same(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  int difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    difference |= one[i] ^ other[i];
  return difference == 0;
}

bool passed(std::string_view expiry, StateSeal::Clock::time_point now) {
  std::int64_t at = 0;
  std::from_chars(expiry.data(), expiry.data() + expiry.size(), at);
  return now >= StateSeal::Clock::time_point(std::chrono::seconds(at));
}

}  // namespace

StateSeal StateSeal::with_key(const std::string& key) {
  return key.empty() ? from_environment() : StateSeal(key);
}

StateSeal StateSeal::from_environment() {
  const char* given = std::getenv("OPSROOM_STATE_KEY");
  if (given == nullptr || *given == '\0') return StateSeal(random_key());
  std::string key(given);
  ::unsetenv("OPSROOM_STATE_KEY");
  return StateSeal(std::move(key));
}

std::string StateSeal::mac(std::string_view expiry, std::string_view state, std::string_view bound)
    const {
  // Lengths in front, so that no bytes can move from one part to the next.
  std::string text =
      "opsroom state 1 " + std::to_string(state.size()) + " " + std::to_string(bound.size());
  text.append(" ").append(expiry).append(" ").append(state).append(bound);
  return hex(hmac_sha256(key_, text));
}

std::string StateSeal::seal(std::string_view state, std::string_view bound, Clock::time_point now)
    const {
  const std::string expiry = seconds(now + lifetime);
  return expiry + "." + mac(expiry, state, bound) + "." + std::string(state);
}

std::optional<std::string> StateSeal::open(
    std::string_view sealed, std::string_view bound, Clock::time_point now
) const {
  const std::size_t dot = sealed.find('.');
  if (dot == std::string_view::npos || sealed.size() < dot + mac_digits + 2 ||
      sealed[dot + mac_digits + 1] != '.')
    return std::nullopt;
  const auto expiry = sealed.substr(0, dot);
  const auto given = sealed.substr(dot + 1, mac_digits);
  const auto state = sealed.substr(dot + mac_digits + 2);
  if (!same(given, mac(expiry, state, bound)) || passed(expiry, now)) return std::nullopt;
  return std::string(state);
}

}  // namespace opsroom::sdk
